#include "tests/bench/protocol.h"

#include <string.h>

static const char policy_head[] =
    "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
    "client_address=198.51.100.7\nclient_name=relay.example.net\nclient_port=50123\n"
    "reverse_client_name=relay.example.net\nserver_address=192.0.2.10\nserver_port=25\n"
    "helo_name=relay.example.net\nsender=someone@example.net\nrecipient=";
static const char policy_tail[] =
    "\nrecipient_count=0\nqueue_id=\ninstance=3a1.66f0c0de.5b8d8.0\nsize=18211\n"
    "etrn_domain=\nstress=\nsasl_method=\nsasl_username=\nsasl_sender=\nccert_subject=\n"
    "ccert_issuer=\nccert_fingerprint=\nccert_pubkey_fingerprint=\n"
    "encryption_protocol=TLSv1.3\nencryption_cipher=TLS_AES_256_GCM_SHA384\n"
    "encryption_keysize=256\npolicy_context=\n\n";

gsize
bench_request_write(BenchProtocol protocol, const char *map, const BenchSlice *key, char *out)
{
    char *at = out;

    if (protocol == BENCH_POLICY) {
        at = mempcpy(at, policy_head, sizeof policy_head - 1);
        at = mempcpy(at, key->start, key->length);
        at = mempcpy(at, policy_tail, sizeof policy_tail - 1);
        return (gsize)(at - out);
    }
    at += g_snprintf(out, BENCH_REQUEST_MAX, "%" G_GSIZE_FORMAT ":%s ",
                     strlen(map) + 1 + key->length, map);
    at = mempcpy(at, key->start, key->length);
    *at++ = ',';
    return (gsize)(at - out);
}

static gssize
action_split(const char *in, gsize n, BenchSlice *text)
{
    static const char label[] = "action=";
    const char *end = memmem(in, n, "\n\n", 2);

    if (!end)
        return n > BENCH_REPLY_MAX ? -1 : 0;
    if ((gsize)(end - in) < strlen(label) || memcmp(in, label, strlen(label)) != 0 ||
        memchr(in, '\n', n) != end)
        return -1;
    *text = (BenchSlice){in + strlen(label), (gsize)(end - in) - strlen(label)};
    return end + 2 - in;
}

gssize
bench_reply_split(BenchProtocol protocol, const char *in, gsize n, BenchSlice *text)
{
    gsize length = 0, i;

    if (protocol == BENCH_POLICY)
        return action_split(in, n, text);
    for (i = 0; i < n && g_ascii_isdigit(in[i]) && length <= BENCH_REPLY_MAX; i++)
        length = length * 10 + (gsize)(in[i] - '0');
    if (length > BENCH_REPLY_MAX || (i > 1 && in[0] == '0') || (i < n && (i == 0 || in[i] != ':')))
        return -1;
    if (i == n || n - i < length + 2)
        return 0;
    *text = (BenchSlice){in + i + 1, length};
    return in[i + 1 + length] == ',' ? (gssize)(i + length + 2) : -1;
}
