"""A process of its own: writes rows into a form that somebody sent, the form's own layout kept.

The workbook is not changed but built anew, of the few parts that make a layout: cells, widths, merges,
formats, formulas that only reckon (`formulas`). Whatever could act or call out by itself — macros, links to
other files, connections, pictures, controls — is not taken over. Texts are written as texts, never as
formulas. Nothing of ours is imported but this folder and what reads workbooks (`engine/ground/unpacking`).
"""
