#include "tables/config.h"

#include "tables/domain.h"

#include <glib/gstdio.h>

static TblConfig *
parse(const char *text, GError **error)
{
    return tbl_config_parse(text, strlen(text), "test.conf", error);
}

static void
test_defaults(void)
{
    g_autoptr(TblConfig) config = parse("", NULL);

    g_assert_nonnull(config);
    g_assert_cmpstr(config->store.path, ==, "/var/lib/policyd/store.mdb");
    g_assert_cmpuint(config->store.map_size, ==, (guint64)16 << 30);
    g_assert_cmpuint(config->store.undo_keep, ==, 100);
    g_assert_cmpstr(config->socketmap.listen[0], ==, "unix:/var/spool/postfix/policyd/socketmap");
    g_assert_cmpstr(config->socketmap.listen[1], ==, "inet:127.0.0.1:10045");
    g_assert_null(config->socketmap.listen[2]);
    g_assert_cmpstr(config->policy.listen[0], ==, "unix:/var/spool/postfix/policyd/policy");
    g_assert_cmpint(config->policy.unknown_recipient, ==, TBL_UNKNOWN_REJECT);
    g_assert_false(config->policy.sender_login);
    g_assert_cmpuint(config->policy.trusted_networks->len, ==, 2);
    g_assert_cmpuint(config->sockets.mode, ==, 0660);
    g_assert_cmpstr(config->sockets.group, ==, "postfix");
    g_assert_false(config->sockets.group_set);
    g_assert_cmpint(config->sockets.backlog, ==, 4096);
    g_assert_null(config->metrics.listen[0]);
    g_assert_cmpstr(config->addresses.recipient_delimiter, ==, "+");
    g_assert_true(config->addresses.propagate_virtual && config->addresses.propagate_canonical);
    g_assert_cmpstr(config->addresses.login[0], ==, "primary");
    g_assert_cmpstr(config->addresses.postmaster, ==, "");
    g_assert_cmpuint(config->limits.connections, ==, 8192);
    g_assert_cmpuint(config->limits.socketmap_request, ==, 16384);
    g_assert_cmpuint(config->limits.policy_request, ==, 65536);
    g_assert_cmpuint(config->limits.reply, ==, 100000);
    g_assert_cmpuint(config->limits.list_recipients, ==, 1000);
    g_assert_cmpuint(config->limits.request_timeout, ==, 30);
    g_assert_cmpuint(g_hash_table_size(config->routes), ==, 0);
    g_assert_cmpstr(config->import.max_delete, ==, "10%");
    g_assert_cmpstr(config->import.tombstone, ==, "");
    g_assert_false(config->directory.set);
}

static void
test_values(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TblConfig) config = parse("# a comment = no key\r\n"
                                        "  [store]  \r\n"
                                        "path = /tmp/a b.mdb \r\n"
                                        "map-size=512M\n"
                                        "[policy]\n"
                                        "listen= inet:127.0.0.1:10046 ; inet:[::1]:10046;\n"
                                        "unknown-recipient=defer\n"
                                        "sender-login=reject\n"
                                        "trusted-networks=10.0.0.0/8;[::1]/128\n"
                                        "[sockets]\n"
                                        "mode=600\n"
                                        "group=mail\n"
                                        "[store]\n"
                                        "undo-keep=5\n"
                                        "[addresses]\n"
                                        "recipient-delimiter=\n"
                                        "propagate-extensions=canonical\n"
                                        "login=alias;account\n"
                                        "postmaster=Ann@North.EXAMPLE.\n"
                                        "[routes]\n"
                                        "EXCH1=smtp:[exch1.example.com]:25\n"
                                        "SÜD 2 = exch2.example.com\n"
                                        "[import]\n"
                                        "must-keep=ann@north.example;X400:c=US\\;s=A\\B\\;;b@b.c\n"
                                        "tombstone=90d\n"
                                        "max-delete=7\n"
                                        "[directory]\n"
                                        "uri=ldaps://dc1.example ldaps://[2001:db8::1]:3269/\n"
                                        "base=dc=example,dc=com\n"
                                        "filter=(cn=a\\2ab)\n"
                                        "max-stale=60",
                                        &error);

    g_assert_no_error(error);
    g_assert_cmpstr(config->store.path, ==, "/tmp/a b.mdb");
    g_assert_cmpuint(config->store.map_size, ==, (guint64)512 << 20);
    g_assert_cmpuint(config->store.undo_keep, ==, 5);
    g_assert_cmpstr(config->policy.listen[0], ==, "inet:127.0.0.1:10046");
    g_assert_cmpstr(config->policy.listen[1], ==, "inet:[::1]:10046");
    g_assert_null(config->policy.listen[2]);
    g_assert_cmpint(config->policy.unknown_recipient, ==, TBL_UNKNOWN_DEFER);
    g_assert_true(config->policy.sender_login);
    g_assert_cmpuint(config->policy.trusted_networks->len, ==, 2);
    g_assert_cmpuint(config->sockets.mode, ==, 0600);
    g_assert_cmpstr(config->sockets.group, ==, "mail");
    g_assert_true(config->sockets.group_set);
    g_assert_cmpstr(config->addresses.recipient_delimiter, ==, "");
    g_assert_false(config->addresses.propagate_virtual);
    g_assert_true(config->addresses.propagate_canonical);
    g_assert_cmpstr(config->addresses.login[0], ==, "alias");
    g_assert_cmpstr(config->addresses.login[1], ==, "account");
    g_assert_cmpstr(config->addresses.postmaster, ==, "Ann@north.example");
    g_assert_cmpstr(g_hash_table_lookup(config->routes, "exch1"), ==,
                    "smtp:[exch1.example.com]:25");
    g_assert_cmpstr(g_hash_table_lookup(config->routes, "süd 2"), ==, "smtp:exch2.example.com");
    g_assert_cmpstr(config->import.must_keep[1], ==, "X400:c=US;s=A\\B;");
    g_assert_cmpstr(config->import.must_keep[2], ==, "b@b.c");
    g_assert_null(config->import.must_keep[3]);
    g_assert_cmpstr(config->import.tombstone, ==, "90d");
    g_assert_cmpstr(config->import.max_delete, ==, "7");
    g_assert_true(config->directory.set);
    g_assert_cmpuint(config->directory.max_stale, ==, 60);
    g_assert_cmpstr(g_hash_table_lookup(config->directory.raw, "filter"), ==, "(cn=a\\2ab)");
}

#define SERVER "[directory]\nuri=ldaps://dc1.example\nbase=dc=example\n"
#define CLEAR "[directory]\nuri=ldap://dc1.example\nbase=dc=example\n"
#define READER "bind-dn=cn=reader\npassword-file=ldap-password\n"

/* Each is refused, and the message holds all the words (separated by '|'). */
static const struct {
    const char *text, *words;
} refused[] = {
    {"[stores]\n", "test.conf:1:|[stores]|unknown group|[store]"},
    {"[store]\nfoo=1\n", "test.conf:2:|[store] foo|unknown key|map-size"},
    {"[store]\npath=/a\n[policy]\n[store]\npath=/b\n", "test.conf:5:|[store] path|twice|line 2"},
    {"[routes]\nEXCH1=a.example\nexch1=b.example\n", "test.conf:3:|[routes] exch1|twice"},
    {"path=/a\n", "test.conf:1:|before the first group"},
    {"[store\n", "test.conf:1:|']'"},
    {"[]\n", "unknown group"},
    {"[\n", "']'"},
    {"[store]\nnonsense\n", "test.conf:2:|nonsense|key=value"},
    {"[store]\n=x\n", "test.conf:2:|empty"},
    {"[store]\npath=store.mdb\n", "[store] path|absolute"},
    {"[store]\npath=\n", "[store] path|absolute"},
    {"[store]\nmap-size=16X\n", "[store] map-size|16X|K, M, G or T"},
    {"[store]\nmap-size=0\n", "[store] map-size"},
    {"[store]\nmap-size=65T\n", "[store] map-size"},
    {"[store]\nmap-size=99999999999999999999G\n", "[store] map-size"},
    {"[store]\nmap-size=G\n", "[store] map-size"},
    {"[store]\nundo-keep=-1\n", "[store] undo-keep|number"},
    {"[store]\nundo-keep=1 # all\n", "[store] undo-keep|1 # all"},
    {"[socketmap]\nlisten=unix:policyd/socketmap\n",
     "[socketmap] listen|unix:/var/spool/postfix/policyd/socketmap"},
    {"[socketmap]\nlisten=inet:localhost:10045\n",
     "[socketmap] listen|numeric|inet:127.0.0.1:10045"},
    {"[socketmap]\nlisten=inet::10045\n", "[socketmap] listen|numeric"},
    {"[socketmap]\nlisten=inet:::1:10045\n", "[socketmap] listen|inet:[::1]:10045"},
    {"[socketmap]\nlisten=inet:[127.0.0.1]:10045\n", "[socketmap] listen|numeric"},
    {"[socketmap]\nlisten=inet:127.0.0.1\n", "[socketmap] listen|port"},
    {"[socketmap]\nlisten=inet:127.0.0.1:0\n", "[socketmap] listen|port"},
    {"[socketmap]\nlisten=inet:127.0.0.1:65536\n", "[socketmap] listen|port"},
    {"[socketmap]\nlisten=inet:\n", "[socketmap] listen|port"},
    {"[socketmap]\nlisten=unix:\n", "[socketmap] listen|path"},
    {"[socketmap]\nlisten=unix:/a, inet:127.0.0.1:10045\n", "[socketmap] listen|with ';'"},
    {"[policy]\nlisten=unix:/a unix:/b\n", "[policy] listen|with ';'"},
    {"[socketmap]\nlisten=127.0.0.1:10045\n", "[socketmap] listen|unix:/path or inet:HOST:PORT"},
    {"[socketmap]\nlisten=inet:0.0.0.0:10045\n",
     "test.conf:2:|[socketmap] listen|allow-remote=yes"},
    {"[policy]\nallow-remote=no\nlisten=inet:192.0.2.1:10045\n",
     "[policy] listen|allow-remote=yes"},
    {"[metrics]\nlisten=inet:[::]:9154\n", "[metrics] listen|allow-remote=yes"},
    {"[socketmap]\nallow-remote=yes\n[policy]\nlisten=inet:[2001:db8::1]:10\n",
     "[policy] listen|allow-remote"},
    {"[socketmap]\nlisten=unix:/a\n[policy]\nlisten=unix:/b;unix:/a\n",
     "[policy] listen|unix:/a|twice"},
    {"[socketmap]\nlisten=unix:/var/spool/postfix/policyd/policy\n",
     "test.conf: [policy] listen|twice"},
    {"[policy]\nunknown-recipient=bounce\n", "[policy] unknown-recipient|reject, defer, accept"},
    {"[policy]\nsender-login=yes\n", "[policy] sender-login|off, reject"},
    {"[policy]\ntrusted-networks=10.0.0.1/8\n", "[policy] trusted-networks|10.0.0.1/8"},
    {"[policy]\ntrusted-networks=lan\n", "[policy] trusted-networks|lan"},
    {"[policy]\ntrusted-networks=::/129\n", "[policy] trusted-networks|::/129"},
    {"[policy]\ntrusted-networks=0.0.0.0/-1\n", "[policy] trusted-networks|0.0.0.0/-1"},
    {"[policy]\nallow-remote=true\n", "[policy] allow-remote|yes nor no"},
    {"[sockets]\nmode=0888\n", "[sockets] mode|octal"},
    {"[sockets]\nmode=07777\n", "[sockets] mode|0777"},
    {"[sockets]\nbacklog=0\n", "[sockets] backlog"},
    {"[addresses]\nrecipient-delimiter=a\n", "[addresses] recipient-delimiter"},
    {"[addresses]\nrecipient-delimiter=@\n", "[addresses] recipient-delimiter"},
    {"[addresses]\npropagate-extensions=generic\n",
     "[addresses] propagate-extensions|virtual, canonical"},
    {"[addresses]\nlogin=\n", "[addresses] login|primary alias account"},
    {"[addresses]\nlogin=mail\n", "[addresses] login|primary, alias, account"},
    {"[addresses]\npostmaster=ann\n", "[addresses] postmaster|local@domain"},
    {"[limits]\nworkers=many\n", "[limits] workers"},
    {"[limits]\nconnections=0\n", "[limits] connections"},
    {"[limits]\nreply=100001\n", "[limits] reply|100000"},
    {"[limits]\nrequest-timeout=\n", "[limits] request-timeout"},
    {"[routes]\nA=mx.example:25\n", "[routes] a|[mx.example]:25"},
    {"[routes]\nA=\n", "[routes] a|empty"},
    {"[import]\nmax-delete=101%\n", "[import] max-delete|10%"},
    {"[import]\nmax-delete=x\n", "[import] max-delete|10%"},
    {"[import]\nmust-keep=ann@\n", "[import] must-keep|local@domain"},
    {"[import]\nmust-keep=SMTP:ann\n", "[import] must-keep|local@domain"},
    {"[import]\nmust-keep=X400:\n", "[import] must-keep|value"},
    {"[import]\nsignature-trust=ca.pem\n", "[import] signature-trust|absolute"},
    {"[import]\ntombstone=90\n", "[import] tombstone|90d"},
    {"[directory]\nbase=dc=a\n", "test.conf:1: [directory] uri|missing"},
    {"[directory]\nuri=ldap://a\nsync=poll\n", "test.conf:1: [directory] base|missing"},
    {"[directory]\nuri=\n", "test.conf:2: [directory] uri|empty"},
    {"[directory]\nuri=dc1.example\n", "[directory] uri|ldaps://"},
    {"[directory]\nuri=ldaps://a;ldaps://b\n", "[directory] uri|host alone"},
    {"[directory]\nuri=ldaps://a/dc=x\n", "[directory] uri|host alone"},
    {"[directory]\nuri=ldaps://\n", "[directory] uri|host alone"},
    {"[directory]\nuri=ldaps://u@a\n", "[directory] uri|host alone"},
    {"[directory]\nuri=ldaps://a:0\n", "[directory] uri|port"},
    {"[directory]\nuri=ldaps://a:x\n", "[directory] uri|port"},
    {"[directory]\nuri=ldaps://2001:db8::1\n", "[directory] uri|host alone"},
    {"[directory]\nuri=ldaps://[::1\n", "[directory] uri|host alone"},
    {"[directory]\nuri=ldapi://run\n", "[directory] uri|%2Frun"},
    {"[directory]\nbase=example.com\n", "[directory] base|dc=example,dc=com"},
    {"[directory]\nbase=dc=a,,dc=b\n", "[directory] base|distinguished"},
    {"[directory]\nbase=dc=a,\n", "[directory] base|distinguished"},
    {"[directory]\nbase=\n", "[directory] base|distinguished"},
    {"[directory]\nbind-dn=reader\n", "[directory] bind-dn|distinguished"},
    {"[directory]\nfilter=objectClass=user\n", "[directory] filter|(objectClass=user)"},
    {"[directory]\nfilter=(cn=a\n", "[directory] filter|')'"},
    {"[directory]\nfilter=(cn=a)(cn=b)\n", "[directory] filter|no filter"},
    {"[directory]\nfilter=(cn=a\\zz)\n", "[directory] filter|hexadecimal"},
    {"[directory]\nattribute-mail=mail,cn\n", "[directory] attribute-mail|proxyAddresses"},
    {"[directory]\nattribute-mail=mail;\n", "[directory] attribute-mail|';'"},
    {"[directory]\npassword-file=secrets/x\n", "[directory] password-file|bare name"},
    {"[directory]\npassword-file=..\n", "[directory] password-file|bare name"},
    {"[directory]\nca-file=ca.pem\n", "[directory] ca-file|absolute"},
    {"[directory]\nsasl=plain\n", "[directory] sasl|none, external, gssapi"},
    {"[directory]\nstarttls=true\n", "[directory] starttls|yes, no"},
    {"[directory]\nallow-plaintext=1\n", "[directory] allow-plaintext|yes, no"},
    {"[directory]\ntls-min=1.1\n", "[directory] tls-min|1.2, 1.3"},
    {"[directory]\npreset=exchange\n", "[directory] preset|ad, openldap"},
    {"[directory]\nconnect-timeout=0\n", "[directory] connect-timeout|from 1"},
    {"[directory]\nheartbeat=0\n", "[directory] heartbeat|from 1"},
    {"[directory]\npoll-interval=\n", "[directory] poll-interval|from 1"},
    {"[directory]\nresync-interval=1d\n", "[directory] resync-interval"},
    {"[directory]\nmax-delete=200%\n", "[directory] max-delete"},
    {"[directory]\nexclude-disabled=maybe\n", "[directory] exclude-disabled|yes nor no"},
    {CLEAR READER, "test.conf:2: [directory] uri|unencrypted|allow-plaintext=yes"},
    {SERVER "starttls=yes\n", "test.conf:4: [directory] starttls|ldap:"},
    {SERVER "bind-dn=cn=reader\n", "test.conf:4: [directory] bind-dn|password-file"},
    {SERVER "password-file=x\n", "[directory] password-file|bind-dn"},
    {SERVER "cert-file=/a\n", "[directory] cert-file|key-file"},
    {SERVER "key-file=/a\n", "[directory] key-file|cert-file"},
    {SERVER "sasl=external\n", "[directory] sasl|cert-file"},
    {SERVER "preset=custom\n", "[directory] preset|attribute-addresses"},
    {"[directory]\nsync=push\n", "[directory] sync|auto, syncrepl, dirsync, poll"},
    {"[directory]\nmax-stale=1h\n", "[directory] max-stale"},
    {"[directory]\nattribute-nick=x\n", "[directory] attribute-nick|unknown key"},
    {"[store]\npath=/\xff\n", "test.conf:2:|UTF-8"},
};

static void
test_refused(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_auto(GStrv) words = g_strsplit(refused[i].words, "|", -1);
        g_autoptr(GError) error = NULL;
        g_autoptr(TblConfig) config = parse(refused[i].text, &error);

        g_test_message("case %u: %s", i, error ? error->message : "accepted");
        g_assert_null(config);
        g_assert_error(error, TBL_CONFIG_ERROR, 0);
        for (guint j = 0; words[j]; j++) {
            g_autofree char *message = g_utf8_strdown(error->message, -1);
            g_autofree char *word = g_utf8_strdown(words[j], -1);
            g_assert_nonnull(strstr(message, word));
        }
    }
    g_assert_null(tbl_config_parse("[store]\n\0", 9, "test.conf", NULL));
}

static const char *const directories[] = {
    "[directory]\n",
    "[directory]\nmax-stale=60\nmax-delete=5\nexclude-disabled=yes\n",
    SERVER READER,
    "[directory]\nbase=dc=a\nuri=ldapi:/// ldapi://%2Frun%2Fslapd%2Fldapi "
    "ldap://localhost\n" READER,
    "[directory]\nuri=ldap://127.0.0.1:389\tldap://[::1]:1389/\nbase=dc=a\n" READER,
    CLEAR,
    CLEAR READER "starttls=yes\n",
    CLEAR READER "allow-plaintext=yes\n",
    CLEAR "sasl=gssapi\nbind-dn=cn=reader\n",
    SERVER "sasl=external\ncert-file=/a.pem\nkey-file=/b.pem\n",
    "[directory]\nuri=ldapi:///\nbase=dc=a\nsasl=external\n",
    SERVER "bind-dn=reader@corp.example\npassword-file=/run/secret\n",
    SERVER "bind-dn=CORP\\reader\npassword-file=/run/secret\n",
    SERVER "bind-dn=cn=Doe\\, Ann,ou=\"a,b\",2.5.4.11=x + cn=y\npassword-file=x\n",
    SERVER "filter=(&(objectClass=user)(!(cn=a\\2ab)))\n",
    SERVER "preset=custom\nattribute-addresses=mail;mailAlternateAddress;1.2.3\n",
    SERVER "preset=openldap\nattribute-members=\nca-file=\ntls-min=1.3\nsync=dirsync\n",
};

static void
test_directory(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(TblConfig) config = parse(directories[i], &error);

        g_assert_no_error(error);
        g_assert_true(config->directory.set);
    }
}

static void
test_socket_path_length(void)
{
    g_autofree char *name = g_strnfill(106, 'a');
    g_autofree char *fits = g_strdup_printf("[policy]\nlisten=unix:/%s\n", name);
    g_autofree char *over = g_strdup_printf("[policy]\nlisten=unix:/%sa\n", name);
    g_autoptr(TblConfig) config = parse(fits, NULL);

    g_assert_nonnull(config);
    g_assert_null(parse(over, NULL));
}

static void
write_file(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* A folder with policyd.conf and its drop-ins. */
static void
test_drop_ins(void)
{
    g_autofree char *folder = g_dir_make_tmp("config-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "policyd.conf", NULL);
    g_autofree char *drop_ins = g_build_filename(folder, "policyd.conf.d", NULL);
    static const char *const names[] = {"10-a.conf", "20-b.conf", "README", ".hidden.conf"};
    /* What is found later to be wrong is where it was set last. */
    static const struct {
        const char *group, *key, *end;
    } places[] = {
        {"store", "path", "/policyd.conf.d/20-b.conf:2: [store] path: it"},
        {"store", "undo-keep", "/policyd.conf:3: [store] undo-keep: it"},
        {"store", "map-size", "/policyd.conf.d/20-b.conf:1: [store] map-size: it"},
        {"policy", "listen", "/policyd.conf: [policy] listen: it"},
    };
    g_autoptr(GError) error = NULL;
    TblConfig *config;

    /* A named file that is missing is an error. */
    g_assert_null(tbl_config_load(path, &error));
    g_assert_error(error, TBL_CONFIG_ERROR, 0);
    g_assert_nonnull(strstr(error->message, path));
    g_clear_error(&error);
    write_file(folder, "policyd.conf",
               "[store]\npath=/a\nundo-keep=1\n[socketmap]\nlisten=inet:0.0.0.0:9\n");
    g_assert_cmpint(g_mkdir(drop_ins, 0700), ==, 0);
    write_file(drop_ins, "20-b.conf", "[store]\npath=/c\n");
    write_file(drop_ins, "10-a.conf", "[store]\npath=/b\n[socketmap]\nallow-remote=yes\n");
    write_file(drop_ins, "README", "not configuration");
    write_file(drop_ins, ".hidden.conf", "not configuration");
    config = tbl_config_load(path, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(config->store.path, ==, "/c");
    g_assert_cmpuint(config->store.undo_keep, ==, 1);
    g_assert_true(config->socketmap.allow_remote);
    g_assert_true(tbl_config_ref(config) == config);
    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *end = g_strdup_printf("%s is wrong", places[i].end);
        g_assert_false(tbl_config_refuse_key(config, places[i].group, places[i].key, &error,
                                             "%s is wrong", "it"));
        g_assert_error(error, TBL_CONFIG_ERROR, 0);
        g_assert_true(g_str_has_prefix(error->message, folder));
        g_assert_true(g_str_has_suffix(error->message, end));
        g_clear_error(&error);
    }
    tbl_config_unref(config);
    g_assert_cmpstr(config->store.path, ==, "/c");
    tbl_config_unref(config);
    write_file(drop_ins, "20-b.conf", "[store]\npaths=/c\n");
    g_assert_null(tbl_config_load(path, &error));
    g_assert_nonnull(strstr(error->message, "20-b.conf:2: [store] paths"));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *file = g_build_filename(drop_ins, names[i], NULL);
        g_assert_cmpint(g_unlink(file), ==, 0);
    }
    g_assert_cmpint(g_rmdir(drop_ins), ==, 0);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config/defaults", test_defaults);
    g_test_add_func("/config/values", test_values);
    g_test_add_func("/config/directory", test_directory);
    g_test_add_func("/config/refused", test_refused);
    g_test_add_func("/config/socket-path-length", test_socket_path_length);
    g_test_add_func("/config/drop-ins", test_drop_ins);
    return g_test_run();
}
