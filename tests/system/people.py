"""The data that several test files share: the company of KB Q174351 with a second domain, and one of each kind of object."""

COMPANY = "company.example"
SECOND = "domain2.example"

HEADER = "Obj-Class,Directory Name,Alias Name,Home-Server,E-mail Addresses,Secondary-Proxy-Addresses\r\n"


def staff_csv(names, primary=COMPANY):
    return HEADER + "".join(f"mailbox,{n},{n},EXCH1,SMTP:{n}@{primary},\r\n" for n in names)


def second_domain_csv(names, domain=SECOND):
    """What Q155594 describes: rows that only add a secondary address."""
    rows = "".join(f"mailbox,{n},smtp:{n}@{domain}\r\n" for n in names)
    return "Obj-Class,Directory Name,Secondary-Proxy-Addresses\r\n" + rows


def declare(world, relay_hop="[127.0.0.1]:9", lmtp_hop="inet:127.0.0.1:9"):
    """One domain of each class and switch that the tests ask for."""
    ctl = world.ctl
    ctl("domain", "add", COMPANY, "--class=relay", f"--route=relay:{relay_hop}")
    ctl("domain", "add", SECOND, "--class=virtual-alias")
    ctl("domain", "add", "rewritten.example", "--class=relay", f"--route=relay:{relay_hop}", "--rewrite=yes")
    ctl("domain", "add", "box.example", "--class=virtual-mailbox", f"--route=lmtp:{lmtp_hop}")
    ctl("domain", "add", "bücher.example", "--class=virtual-alias")


def populate(world):
    """Objects of every class in those domains."""
    ctl = world.ctl
    ctl("object", "add", "ann", "--alias=annie", "--address=SMTP:ann@company.example", "--address=smtp:a.lee@company.example",
        "--address=smtp:ann@domain2.example", "--address=smtp:ann@bücher.example", "--address=smtp:ann@rewritten.example",
        "--address=smtp:postmaster@domain2.example")
    ctl("object", "add", "bob", "--address=SMTP:bob@box.example", "--address=smtp:robert@box.example",
        "--address=smtp:bob@domain2.example")
    ctl("object", "add", "john", '--address=SMTP:"john smith"@box.example', '--address=smtp:"j s"@box.example',
        '--address=smtp:"john smith"@domain2.example')
    ctl("object", "add", "jorg", "--address=SMTP:jörg@box.example", "--address=smtp:jürgen@box.example")
    ctl("object", "add", "carla", "--address=SMTP:carla@rewritten.example", "--address=smtp:c@rewritten.example")
    ctl("object", "add", "ext", "--class=remote", "--target=SMTP:ext@far.example", "--address=smtp:ext@domain2.example")
    ctl("object", "add", "team", "--class=dl", "--address=SMTP:team@box.example", "--address=smtp:team@domain2.example",
        "--member=bob", "--member=ann", "--member=guest@far.example")
    ctl("object", "add", "folder", "--class=public-folder", "--address=SMTP:folder@box.example")
    ctl("object", "add", "mixed", "--address=SMTP:Mixed.Case@Box.Example", "--address=smtp:Mix@DOMAIN2.example")
