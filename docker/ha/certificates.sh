#!/bin/sh
# Certificates for the database machines: an authority of one's own, and for each machine what shows the others, and the
# application, that it is that machine. Run once, before the first start; again for a machine that comes or is replaced.
#
#   docker/ha/certificates.sh FOLDER ADDRESS...      FOLDER: kept off these machines, for authority_key is in it
#
# FOLDER/ADDRESS has what goes into docker/secrets of that machine; FOLDER/authority goes to the application's as
# database_authority. All of them hold for ten years.
set -eu
umask 077
folder=$1
shift
mkdir -p "$folder"
curve="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
if [ ! -f "$folder/authority" ]; then
    # shellcheck disable=SC2086  # words
    openssl req -x509 $curve -days 3650 -subj "/CN=守望 数据库" -utf8 -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -keyout "$folder/authority_key" -out "$folder/authority" 2>/dev/null
fi
for address; do
    case $address in
    *[!0-9.]*) name=DNS:$address ;;
    *) name=IP:$address ;;
    esac
    own=$folder/$address
    rm -rf "$own" && mkdir "$own"
    # shellcheck disable=SC2086  # words
    openssl req $curve -subj "/CN=$address" -keyout "$own/database_key" -out "$own/request" 2>/dev/null
    # `localhost` is how a machine speaks to itself, `database` how its night's backup does
    printf 'subjectAltName=%s,IP:127.0.0.1,DNS:localhost,DNS:database\nextendedKeyUsage=serverAuth,clientAuth\n' "$name" >"$own/names"
    openssl x509 -req -days 3650 -in "$own/request" -CA "$folder/authority" -CAkey "$folder/authority_key" -set_serial \
        "0x$(openssl rand -hex 16)" -extfile "$own/names" -out "$own/database_certificate" 2>/dev/null
    rm "$own/request" "$own/names"
    cp "$folder/authority" "$own/authority"
    # PostgreSQL and etcd run as different people, and each reads its own
    cp "$own/database_certificate" "$own/etcd_certificate"
    cp "$own/database_key" "$own/etcd_key"
    chmod 444 "$own/authority" "$own/database_certificate" "$own/etcd_certificate"
    chmod 400 "$own/database_key" "$own/etcd_key"
done
