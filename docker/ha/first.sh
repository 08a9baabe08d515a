#!/bin/sh
# When the first database machine has made the cluster: the application's account and its database. Patroni gives the
# address of the new server.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set password="$DATABASE_PASSWORD" "$1" <<SQL
CREATE ROLE shouwang LOGIN PASSWORD :'password';
CREATE DATABASE shouwang OWNER shouwang;
SQL
