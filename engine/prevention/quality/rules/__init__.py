"""What is wrong with a household's data: each rule one SELECT, named after its clause (R34, R35)."""
