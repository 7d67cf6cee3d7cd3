/* Whatever a request says and the store holds, what leaves as an action is fit to be sent. The
 * input is the lines of a request, an empty line, and records: a letter that says what of, two
 * digits of length in base 16, bytes. Which record is under a key is a matter of the key's bytes.
 */
#include "policyd/action.h"
#include "policyd/rules.h"
#include "tables/referrer.h"

#define INPUT_MAX 4000
#define REQUEST "request=smtpd_access_policy\nprotocol_state=RCPT\n"
#define NOW 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    TblView base;
    TblDomains *domains;
    GArray *records[128]; /* by letter: TblSlice */
} FuzzView;

/* The record of this letter under a key. Empty: there is none, so the answer is absence. */
static TblSlice
record_of(TblView *base, char letter, TblSlice key)
{
    const GArray *records = ((FuzzView *)base)->records[(guint)letter];
    guint sum = 0;
    for (size_t i = 0; i < key.len; i++)
        sum += (unsigned char)key.ptr[i];
    return records ? g_array_index(records, TblSlice, sum % records->len) : (TblSlice){NULL, 0};
}

static TblResult
view_rows(TblView *base, TblSlice key, TblRows *rows)
{
    TblSlice bytes = record_of(base, 'r', key);
    rows->count = 0;
    if (!bytes.len)
        return TBL_NOTFOUND;
    if (tbl_rows_decode(rows, key, bytes))
        return TBL_FOUND;
    rows->count = 0;
    return TBL_FAILED;
}

static TblResult
view_object(TblView *base, guint64 id, TblObject **object)
{
    char key[8];
    tbl_store_key_number(id, key);
    TblSlice bytes = record_of(base, 'o', (TblSlice){key, sizeof key});
    *object = bytes.len ? tbl_object_decode(bytes, id) : NULL;
    return *object ? TBL_FOUND : bytes.len ? TBL_FAILED : TBL_NOTFOUND;
}

static TblResult
view_name(TblView *base, TblOrigin origin, const char *folded, guint64 *id)
{
    TblSlice bytes = record_of(base, 'n', tbl_slice(folded));
    if (bytes.len)
        *id = (guint64)(unsigned char)bytes.ptr[0];
    return bytes.len == 0 ? TBL_NOTFOUND : bytes.len == 1 ? TBL_FOUND : TBL_FAILED;
}

static TblResult
view_referrers(TblView *base, const char *key, GArray *ids)
{
    TblSlice bytes = record_of(base, 'm', tbl_slice(key));
    if (!bytes.len)
        return TBL_NOTFOUND;
    return tbl_referrer_decode(bytes, ids) ? TBL_FOUND : TBL_FAILED;
}

static const TblDomains *
view_domains(TblView *base)
{
    return ((FuzzView *)base)->domains;
}

static bool
view_true(TblView *base)
{
    return true;
}

static void
declare(FuzzView *view, const char *name, TblDomainClass domain_class, const char *mirror)
{
    TblDomain *domain = tbl_domain_new(name, domain_class);
    domain->mirror = g_strdup(mirror);
    if (domain_class == TBL_DOMAIN_VIRTUAL_MAILBOX)
        domain->catch_all = g_strdup("all@relay.example");
    tbl_domains_add(view->domains, domain);
}

static void
read_records(FuzzView *view, TblSlice pool)
{
    while (pool.len >= 3) {
        guint letter = (guint)pool.ptr[0] & 127;
        int high = g_ascii_xdigit_value(pool.ptr[1]), low = g_ascii_xdigit_value(pool.ptr[2]);
        size_t length = high < 0 || low < 0 ? 0 : (size_t)(high * 16 + low);
        TblSlice record = {pool.ptr + 3, MIN(length, pool.len - 3)};
        if (!view->records[letter])
            view->records[letter] = g_array_new(FALSE, FALSE, sizeof(TblSlice));
        g_array_append_val(view->records[letter], record);
        pool = (TblSlice){record.ptr + record.len, pool.len - 3 - record.len};
    }
}

static void
decide(FuzzView *view, TblSlice lines)
{
    static const char text[] = "[policy]\nsender-login=reject\ntrusted-networks=192.0.2.0/24\n";
    g_autoptr(TblConfig) config = tbl_config_parse(text, strlen(text), "fuzz", NULL);
    g_autoptr(GString) request = g_string_new(REQUEST);
    g_autoptr(GString) scratch = g_string_new(NULL), action = g_string_new("action=");
    TblContext context = {&view->base, config, NOW};
    PdAttrs attrs = {0};

    g_string_append_len(request, lines.ptr, (gssize)lines.len);
    g_string_append(request, "\n\n");
    TblSlice input = {request->str, request->len};
    if (pd_attrs_decode(&attrs, input, 2 * INPUT_MAX) <= 0)
        return;
    pd_rules_decide(&context, &attrs, request->str, scratch, action);
    g_assert_true(pd_action_is_fit((TblSlice){action->str + 7, action->len - 7}));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzView view = {.base = {.rows = view_rows,
                              .object = view_object,
                              .name = view_name,
                              .domains = view_domains,
                              .usable = view_true,
                              .populated = view_true,
                              .referrers = view_referrers},
                     .domains = tbl_domains_new()};
    const char *end = size > 0 && size <= INPUT_MAX ? memmem(data, size, "\n\n", 2) : NULL;
    if (end) {
        const char *text = (const char *)data;
        declare(&view, "relay.example", TBL_DOMAIN_RELAY, NULL);
        declare(&view, "alias.example", TBL_DOMAIN_VIRTUAL_ALIAS, NULL);
        declare(&view, "box.example", TBL_DOMAIN_VIRTUAL_MAILBOX, NULL);
        declare(&view, "mirror.example", TBL_DOMAIN_RELAY, "relay.example");
        read_records(&view, (TblSlice){end + 2, size - (size_t)(end + 2 - text)});
        decide(&view, (TblSlice){text, (size_t)(end - text)});
    }
    for (guint i = 0; i < G_N_ELEMENTS(view.records); i++)
        if (view.records[i])
            g_array_unref(view.records[i]);
    tbl_domains_free(view.domains);
    return 0;
}
