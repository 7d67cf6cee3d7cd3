#include "policyd/mx.h"

#include "tables/command.h"

/* Flags of a header: a response, recursion desired and available. */
enum { RESPONSE = 0x8180, TRUNCATED = 0x0200, SERVFAIL = 2, NXDOMAIN = 3, REFUSED = 5 };
enum { A = 1, CNAME = 5, MX = 15, TXT = 16, AAAA = 28 };
enum { HEADER_SIZE = 12, OWNER = 0xc00c /* the question's name, by compression */ };

static void
put16(GByteArray *packet, guint number)
{
    const guint8 bytes[2] = {(guint8)(number >> 8), (guint8)number};
    g_byte_array_append(packet, bytes, 2);
}

static void
put_name(GByteArray *packet, const char *name)
{
    g_auto(GStrv) labels = g_strsplit(name, ".", -1);
    for (char **label = labels; *label; label++) {
        const guint8 length = (guint8)strlen(*label);
        if (length == 0)
            continue;
        g_byte_array_append(packet, &length, 1);
        g_byte_array_append(packet, (const guint8 *)*label, length);
    }
    g_byte_array_append(packet, (const guint8 *)"", 1);
}

/* A header that promises `answers` records, and the question "company.example IN MX". */
static GByteArray *
packet_new(guint flags, guint answers)
{
    GByteArray *packet = g_byte_array_new();
    put16(packet, 0x1234);
    put16(packet, flags);
    put16(packet, 1);
    put16(packet, answers);
    put16(packet, 0);
    put16(packet, 0);
    g_assert_cmpuint(packet->len, ==, HEADER_SIZE);
    put_name(packet, "company.example");
    put16(packet, MX);
    put16(packet, 1);
    return packet;
}

static void
put_record(GByteArray *packet, guint type, const GByteArray *data)
{
    put16(packet, OWNER);
    put16(packet, type);
    put16(packet, 1);
    put16(packet, 0);
    put16(packet, 300);
    put16(packet, data->len);
    g_byte_array_append(packet, data->data, data->len);
}

static void
put_mx(GByteArray *packet, guint preference, const char *host)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    put16(data, preference);
    put_name(data, host);
    put_record(packet, MX, data);
}

static void
put_bytes(GByteArray *packet, guint type, const char *bytes, guint length)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    g_byte_array_append(data, (const guint8 *)bytes, length);
    put_record(packet, type, data);
}

static PdDnsResult
parse(const GByteArray *packet, gsize length, PdDnsAnswer *answer)
{
    /* An exact copy, so that a read behind its end is seen by the sanitizer. */
    g_autofree char *copy = g_malloc(MAX(length, 1));
    memcpy(copy, packet->data, length);
    return pd_dns_parse((TblSlice){copy, length}, answer);
}

static const PdDnsRecord *
record(const PdDnsAnswer *answer, guint index)
{
    g_assert_cmpuint(index, <, answer->records->len);
    return g_ptr_array_index(answer->records, index);
}

static void
test_exchangers(void)
{
    g_autoptr(GByteArray) packet = packet_new(RESPONSE, 4);
    g_autoptr(PdDnsAnswer) answer = pd_dns_answer_new();
    put_mx(packet, 20, "b.company.example");
    put_mx(packet, 10, "MX.Company.Example");
    put_mx(packet, 20, "a.company.example");
    put_bytes(packet, TXT, "\3abc", 4);
    g_assert_cmpint(parse(packet, packet->len, answer), ==, PD_DNS_FOUND);
    g_assert_cmpuint(answer->records->len, ==, 3);
    g_assert_cmpstr(record(answer, 0)->host, ==, "mx.company.example");
    g_assert_cmpuint(record(answer, 0)->preference, ==, 10);
    g_assert_cmpstr(record(answer, 1)->host, ==, "a.company.example");
    g_assert_cmpstr(record(answer, 2)->host, ==, "b.company.example");
    g_assert_false(answer->alias);
}

static void
test_null_mx(void)
{
    g_autoptr(GByteArray) packet = packet_new(RESPONSE, 1);
    g_autoptr(PdDnsAnswer) answer = pd_dns_answer_new();
    put_mx(packet, 0, "");
    g_assert_cmpint(parse(packet, packet->len, answer), ==, PD_DNS_FOUND);
    g_assert_cmpstr(record(answer, 0)->host, ==, "");
}

static void
test_addresses(void)
{
    g_autoptr(GByteArray) packet = packet_new(RESPONSE, 3);
    g_autoptr(PdDnsAnswer) answer = pd_dns_answer_new();
    put_bytes(packet, CNAME, "\1x\0", 3);
    put_bytes(packet, A, "\300\0\2\1", 4);
    put_bytes(packet, AAAA, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
    g_assert_cmpint(parse(packet, packet->len, answer), ==, PD_DNS_FOUND);
    g_assert_cmpuint(answer->records->len, ==, 2);
    g_assert_cmpstr(record(answer, 0)->address, ==, "192.0.2.1");
    g_assert_cmpstr(record(answer, 1)->address, ==, "2001:db8::1");
    g_assert_true(answer->alias);
}

static void
test_negative(void)
{
    static const struct {
        guint flags;
        PdDnsResult result;
    } cases[] = {
        {RESPONSE, PD_DNS_NODATA},
        {RESPONSE | NXDOMAIN, PD_DNS_NXDOMAIN},
        {RESPONSE | SERVFAIL, PD_DNS_FAILED},
        {RESPONSE | REFUSED, PD_DNS_FAILED},
        {RESPONSE | TRUNCATED, PD_DNS_FAILED},
        {0, PD_DNS_FAILED}, /* a question is no answer */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) packet = packet_new(cases[i].flags, 0);
        g_autoptr(PdDnsAnswer) answer = pd_dns_answer_new();
        g_assert_cmpint(parse(packet, packet->len, answer), ==, cases[i].result);
    }
}

/* A packet that ends early is a failure wherever it ends: never "no MX". */
static void
test_truncated_anywhere(void)
{
    g_autoptr(GByteArray) packet = packet_new(RESPONSE, 2);
    put_mx(packet, 10, "mx.company.example");
    put_mx(packet, 20, "mx2.company.example");
    for (gsize length = 0; length < packet->len; length++) {
        g_autoptr(PdDnsAnswer) answer = pd_dns_answer_new();
        g_assert_cmpint(parse(packet, length, answer), ==, PD_DNS_FAILED);
    }
}

static void
test_broken_records(void)
{
    static const struct {
        guint type;
        const char *bytes;
        guint length;
    } cases[] = {
        {A, "\1\2\3", 3}, {AAAA, "\1\2\3\4", 4},    {MX, "\0", 1},
        {MX, "\0\12", 2}, {MX, "\0\12\300\377", 4}, /* a pointer behind the end */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) packet = packet_new(RESPONSE, 1);
        g_autoptr(PdDnsAnswer) answer = pd_dns_answer_new();
        put_bytes(packet, cases[i].type, cases[i].bytes, cases[i].length);
        g_assert_cmpint(parse(packet, packet->len, answer), ==, PD_DNS_FAILED);
    }
}

static void
test_server(void)
{
    static const char *const bad[] = {"", "[::1", "127.0.0.1:port", "127.0.0.1:99999", ":53"};
    static const char *const good[] = {"127.0.0.1:5300", "127.0.0.1", "[::1]:5300"};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(pd_resolver_new(bad[i], &error));
        g_assert_error(error, TBL_EXIT_ERROR, TBL_EXIT_USAGE);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(PdResolver) resolver = pd_resolver_new(good[i], &error);
        g_assert_no_error(error);
        g_assert_nonnull(resolver);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mx/exchangers", test_exchangers);
    g_test_add_func("/mx/null", test_null_mx);
    g_test_add_func("/mx/addresses", test_addresses);
    g_test_add_func("/mx/negative", test_negative);
    g_test_add_func("/mx/truncated", test_truncated_anywhere);
    g_test_add_func("/mx/broken", test_broken_records);
    g_test_add_func("/mx/server", test_server);
    return g_test_run();
}
