"""Certificates and signatures for tests, made by the openssl command: small authorities of our own."""

import os
import shutil
import subprocess
import unittest

# Elliptic curves: made in milliseconds.
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
CONFIG = """
[ca]
default_ca=this
[this]
dir=.
new_certs_dir=.
database=index
serial=serial
crlnumber=crlnumber
default_md=sha256
default_days=30
default_crl_days=30
policy=any
unique_subject=no
copy_extensions=none
[any]
organizationName=optional
commonName=supplied
[req]
distinguished_name=none
[none]
[root]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
[middle]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
[mail]
keyUsage=critical,digitalSignature
extendedKeyUsage=emailProtection
[plain]
basicConstraints=CA:FALSE
[web]
extendedKeyUsage=serverAuth
[code]
extendedKeyUsage=codeSigning
[encipher]
keyUsage=critical,keyEncipherment
"""


def require():
    if not shutil.which("openssl"):
        raise unittest.SkipTest("the openssl command is not installed")


def openssl(folder, *args):
    done = subprocess.run(["openssl", *args], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(args)}: {done.stderr.decode(errors='replace')}")
    return done.stdout


class Authority:
    """A CA in a folder of its own. NAME.pem and NAME.key are what it made; ca.pem is its own certificate."""

    def __init__(self, parent, name, issuer=None, key=KEY, digest="-sha256"):
        self.folder = os.path.join(parent, name)
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o755)
        for file, content in (("conf", CONFIG), ("index", ""), ("serial", "1000\n"), ("crlnumber", "01\n")):
            with open(self.path(file), "w", encoding="ascii") as out:
                out.write(content)
        self.cert = self.path("ca.pem")
        if issuer:
            issuer.issue(f"sub-{name}", "middle", subject=f"/O=North/CN={name}", to=self)
        else:
            self.run("req", "-x509", "-config", "conf", "-extensions", "root", "-nodes", *key, digest, "-keyout", "ca.key", "-out", "ca.pem",
                     "-subj", f"/O=North/CN={name}", "-days", "30")

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *args):
        return openssl(self.folder, *args)

    def issue(self, name, kind="mail", subject=None, start=None, end=None, key=KEY, digest="sha256", to=None):
        """A certificate of that kind; the dates are YYYYMMDDHHMMSSZ."""
        cert, secret = (self.path(name + ".pem"), self.path(name + ".key")) if not to else (to.cert, to.path("ca.key"))
        self.run("req", "-config", "conf", "-new", "-nodes", *key, "-keyout", secret, "-out", "request", "-utf8", "-subj",
                 subject or f"/O=North/CN={name}")
        dates = (["-startdate", start] if start else []) + (["-enddate", end] if end else [])
        self.run("ca", "-config", "conf", "-batch", "-notext", "-utf8", "-md", digest, "-cert", "ca.pem", "-keyfile", "ca.key", "-extensions", kind, "-in",
                 "request", "-out", cert, *dates)
        return name

    def crl(self):
        """The list of what it revoked, in PEM."""
        return self.run("ca", "-config", "conf", "-gencrl", "-cert", "ca.pem", "-keyfile", "ca.key")

    def revoke(self, name):
        self.run("ca", "-config", "conf", "-revoke", name + ".pem", "-cert", "ca.pem", "-keyfile", "ca.key")

    def sign(self, content, name, *options, form="DER"):
        """The bytes of a detached signature over the content."""
        with open(self.path("content"), "wb") as out:
            out.write(content)
        return self.run("cms", "-sign", "-binary", "-in", "content", "-signer", name + ".pem", "-inkey", name + ".key", "-outform", form, *options)
