#include "policyd/answerer.h"

#include "policyd/rules.h"
#include "tables/log.h"

#include <time.h>

/* Seconds between two lines about failed lookups of one worker: a broken record must be seen, but
 * not flood the log. */
#define FAILURE_LOG_INTERVAL 10
/* Bytes of a failure's reason that go to the client; Postfix logs at most 200 (dict_sockmap.c). */
#define REASON_MAX 150
/* Characters of an unknown map's name that are given back. */
#define NAME_MAX_SHOWN 64
/* Characters of a key in the log. */
#define KEY_MAX_SHOWN 120

struct PdAnswerer {
    TblConfig *config;
    TblView *view;
    PdStats *stats;
    GString *value;
    TblContext context;
    bool begun;
    bool hushed;
    gint64 failure_logged; /* when, seconds since 1970 */
};

PdAnswerer *
pd_answerer_new(TblConfig *config, PdStats *stats)
{
    PdAnswerer *answerer = g_new0(PdAnswerer, 1);

    answerer->config = tbl_config_ref(config);
    answerer->view = tbl_view_new();
    answerer->stats = stats;
    answerer->value = g_string_sized_new(1024);
    answerer->context = (TblContext){answerer->view, config, 0};
    return answerer;
}

void
pd_answerer_free(PdAnswerer *answerer)
{
    if (!answerer)
        return;
    pd_answerer_rest(answerer);
    tbl_view_free(answerer->view);
    tbl_config_unref(answerer->config);
    g_string_free(answerer->value, TRUE);
    g_free(answerer);
}

void
pd_answerer_set_config(PdAnswerer *answerer, TblConfig *config)
{
    tbl_config_ref(config);
    tbl_config_unref(answerer->config);
    answerer->config = config;
    answerer->context.config = config;
}

const TblConfig *
pd_answerer_config(const PdAnswerer *answerer)
{
    return answerer->config;
}

void
pd_answerer_set_reader(PdAnswerer *answerer, TblReader *reader)
{
    tbl_view_set_reader(answerer->view, reader);
    pd_answerer_refresh(answerer);
}

void
pd_answerer_refresh(PdAnswerer *answerer)
{
    tbl_view_begin(answerer->view);
    tbl_view_end(answerer->view);
}

static void
answerer_begin(PdAnswerer *answerer)
{
    struct timespec now;

    if (answerer->begun)
        return;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    answerer->context.now = now.tv_sec;
    tbl_view_begin(answerer->view);
    answerer->begun = true;
}

const TblContext *
pd_answerer_context(PdAnswerer *answerer)
{
    answerer_begin(answerer);
    return &answerer->context;
}

void
pd_answerer_hush(PdAnswerer *answerer)
{
    answerer->hushed = true;
}

void
pd_answerer_rest(PdAnswerer *answerer)
{
    if (!answerer->begun)
        return;
    tbl_view_end(answerer->view);
    answerer->begun = false;
}

/* A store that cannot be read, or that nothing was put into, is reported by the one who opens it.
 */
static void
log_failure(PdAnswerer *answerer, const char *what, TblSlice key, const char *reason)
{
    TblView *view = answerer->view;

    if (answerer->hushed || !view->usable(view) || !view->populated(view) ||
        answerer->context.now < answerer->failure_logged + FAILURE_LOG_INTERVAL)
        return;
    answerer->failure_logged = answerer->context.now;
    g_autofree char *shown = tbl_log_escape(key, KEY_MAX_SHOWN);
    tbl_log_warning("%s: %s: temporary failure: %s", what, shown, reason);
}

/* Short printable ASCII, for Postfix's log. */
static void
clean_reason(GString *reason)
{
    if (reason->len > REASON_MAX)
        g_string_truncate(reason, REASON_MAX);
    if (reason->len == 0)
        g_string_append(reason, "lookup failed");
    for (gsize i = 0; i < reason->len; i++) {
        if (!g_ascii_isprint(reason->str[i]))
            reason->str[i] = '?';
    }
}

static void
append_unknown_map(TblSlice name, GString *out)
{
    g_autofree char *shown = tbl_log_escape(name, NAME_MAX_SHOWN);

    pd_netstring_append(out, tbl_slice("PERM unknown map "), tbl_slice(shown));
}

void
pd_answerer_lookup(PdAnswerer *answerer, const PdRequest *request, GString *out)
{
    static const TblSlice found = {"OK ", 3}, absent = {"NOTFOUND ", 9}, failed = {"TEMP ", 5};
    GString *value = answerer->value;

    pd_stats_count(answerer->stats, PD_STAT_REQUESTS);
    if (request->kind == PD_REQUEST_OVERLONG) {
        pd_netstring_append(out, absent, (TblSlice){"", 0});
        return;
    }
    TblMap map = tbl_map_from_name(request->map);
    if (map == TBL_MAP_COUNT) {
        append_unknown_map(request->map, out);
        return;
    }
    answerer_begin(answerer);
    g_string_truncate(value, 0);
    TblResult result = tbl_maps_lookup(&answerer->context, map, request->key, value);
    if (result == TBL_NOTFOUND) {
        pd_netstring_append(out, absent, (TblSlice){"", 0});
        return;
    }
    /* Postfix takes an empty value for a broken configuration, and one over its limit poisons the
     * connection. */
    if (result == TBL_FOUND &&
        (value->len == 0 || value->len + found.len > answerer->config->limits.reply)) {
        g_string_assign(value, value->len == 0 ? "empty value" : "value is too long");
        result = TBL_FAILED;
    }
    if (result == TBL_FAILED) {
        clean_reason(value);
        pd_stats_count(answerer->stats, PD_STAT_FAILED);
        log_failure(answerer, tbl_map_name(map), request->key, value->str);
    }
    pd_netstring_append(out, result == TBL_FOUND ? found : failed,
                        (TblSlice){value->str, value->len});
}

void
pd_answerer_policy(PdAnswerer *answerer, const PdAttrs *attrs, const char *input, GString *out)
{
    pd_stats_count(answerer->stats, PD_STAT_REQUESTS);
    answerer_begin(answerer);
    g_string_append_len(out, "action=", 7);
    if (pd_rules_decide(&answerer->context, attrs, input, answerer->value, out) ==
        PD_RULES_FAILED) {
        pd_stats_count(answerer->stats, PD_STAT_FAILED);
        log_failure(answerer, "policy", pd_attrs_get(attrs, input, PD_ATTR_RECIPIENT),
                    "lookup failed");
    }
    g_string_append_len(out, "\n\n", 2);
}
