# Makes users for `jeton users import`: argv[1] lines with an address, a hash by one of five kinds of software in turn, and so on.
# Passwords repeat after argv[2] lines: every hash is another one, but costs are low where the format allows it, so that this is quick.
import csv
import sys

import bcrypt
import django.conf
from django.contrib.auth import hashers
from passlib import hash as passlib

django.conf.settings.configure(
    PASSWORD_HASHERS=[
        "django.contrib.auth.hashers." + name for name in ("PBKDF2PasswordHasher", "BCryptSHA256PasswordHasher")
    ]
)

KINDS = [
    lambda password: bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=4)).decode(),
    lambda password: passlib.pbkdf2_sha512.using(rounds=500).hash(password),
    lambda password: passlib.scrypt.using(rounds=8).hash(password),
    lambda password: hashers.PBKDF2PasswordHasher().encode(password, hashers.get_random_string(22), iterations=500),
    lambda password: hashers.BCryptSHA256PasswordHasher().encode(password, bcrypt.gensalt(rounds=4)),
]

rows, distinct = int(sys.argv[1]), int(sys.argv[2])
hashes = [KINDS[number % len(KINDS)](f"the old password of {number:05}") for number in range(distinct)]
file = csv.writer(sys.stdout, lineterminator="\n")
file.writerow(["email", "password_hash"])
for number in range(rows):
    file.writerow([f"user-{number:05}@example.com", hashes[number % distinct]])
