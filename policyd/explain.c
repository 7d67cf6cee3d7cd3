#include "policyd/explain_facts.h"

#include <stdio.h>

/* What Postfix says of a failed lookup (smtpd_check.c, reject_dict_retry). */
#define SMTP_LOOKUP_FAILED "451 4.3.0 <%s>: Temporary lookup failure"
/* Without a reply from the policy service (smtpd_policy_service_default_action). */
#define SMTP_NO_POLICY "451 4.3.5 <%s>: Recipient address rejected: Server configuration problem"

/* ---- Replies ---- */

static void
set_reply(PdExplainReply *reply, TblSlice payload)
{
    static const char *const words[] = {"OK", "NOTFOUND", "TEMP", "PERM"};
    const char *space = memchr(payload.ptr, ' ', payload.len);
    size_t length = space ? (size_t)(space - payload.ptr) : payload.len;
    size_t behind = MIN(length + 1, payload.len);
    reply->word = words[G_N_ELEMENTS(words) - 1];
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (tbl_slice_equal((TblSlice){payload.ptr, length}, tbl_slice(words[i])))
            reply->word = words[i];
    reply->value = g_strndup(payload.ptr + behind, payload.len - behind);
}

/* One request as it comes over the wire, with the configured limit, and its reply. */
static void
ask_map(PdAnswerer *answerer, TblMap map, const char *key, PdExplainReply *reply)
{
    g_autoptr(GString) wire = g_string_new(NULL), out = g_string_new(NULL);
    g_autofree char *head = g_strconcat(tbl_map_name(map), " ", NULL);
    size_t limit = pd_answerer_config(answerer)->limits.socketmap_request;
    guint32 skip = 0;
    PdRequest request = {0};
    TblSlice payload = {"", 0};
    pd_netstring_append(wire, tbl_slice(head), tbl_slice(key));
    if (pd_request_decode(&skip, (TblSlice){wire->str, wire->len}, limit, &request) > 0)
        pd_answerer_lookup(answerer, &request, out);
    else
        pd_netstring_append(out, tbl_slice("PERM "), tbl_slice("the connection is closed"));
    (void)pd_netstring_decode((TblSlice){out->str, out->len}, G_MAXUINT32, &payload);
    set_reply(reply, payload);
}

static void
ask_maps(PdAnswerer *answerer, PdExplanation *explanation)
{
    const char *at = strrchr(explanation->key, '@');
    const char *domain = at ? at + 1 : explanation->key;
    for (int map = 0; map < TBL_MAP_COUNT; map++) {
        PdExplainReply *reply = &explanation->map[map];
        ask_map(answerer, (TblMap)map, tbl_map_is_domains((TblMap)map) ? domain : explanation->key,
                reply);
        explanation->temporary = explanation->temporary || strcmp(reply->word, "TEMP") == 0;
    }
}

static void
ask_policy(PdAnswerer *answerer, PdExplanation *explanation)
{
    g_autofree char *request =
        g_strdup_printf("request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
                        "client_address=" PD_EXPLAIN_CLIENT "\nsender=" PD_EXPLAIN_SENDER
                        "\nrecipient=%s\nsize=0\n\n",
                        explanation->key);
    PdAttrs attrs = {0};
    g_autoptr(GString) out = g_string_new(NULL);
    size_t limit = pd_answerer_config(answerer)->limits.policy_request;
    if (pd_attrs_decode(&attrs, tbl_slice(request), limit) <= 0) {
        explanation->policy = g_strdup("");
        return;
    }
    pd_answerer_policy(answerer, &attrs, request, out);
    const char *action = out->str + strlen("action=");
    explanation->policy = g_strndup(action, strcspn(action, "\n"));
    if (g_str_has_prefix(explanation->policy, "DEFER_IF_PERMIT"))
        explanation->temporary = true;
}

/* ---- What Postfix makes of it ---- */

static bool
map_says(const PdExplanation *explanation, TblMap map, const char *word)
{
    return strcmp(explanation->map[map].word, word) == 0;
}

/* An action with a code, in Postfix's words; NULL for one that lets the recipient pass. */
static char *
smtp_of_action(const PdExplanation *explanation)
{
    const char *action = explanation->policy;
    const char *deferral = "DEFER_IF_PERMIT ";
    char code[4] = "450"; /* access_map_defer_code */
    if (!*action)
        return g_strdup_printf(SMTP_NO_POLICY, explanation->key);
    if (g_ascii_isdigit(*action)) {
        g_strlcpy(code, action, sizeof code);
        action += strcspn(action, " ");
    } else if (g_str_has_prefix(action, deferral)) {
        action += strlen(deferral);
    } else {
        return NULL;
    }
    action += strspn(action, " ");
    size_t enhanced = strcspn(action, " ");
    const char *text = action + enhanced + strspn(action + enhanced, " ");
    return g_strdup_printf("%s %.*s <%s>: Recipient address rejected: %s", code, (int)enhanced,
                           action, explanation->key, text);
}

/* The order is smtpd_check.c's, with the policy service as the first recipient restriction: the
 * domain is resolved for the relay restrictions, then the service is asked, then the tables. */
static char *
smtp_reply(const PdExplanation *explanation)
{
    static const struct {
        TblMap domains, recipients;
        const char *table;
    } classes[] = {
        {TBL_MAP_VIRTUAL_ALIAS_DOMAINS, TBL_MAP_VIRTUAL_ALIAS_MAPS, "virtual alias"},
        {TBL_MAP_VIRTUAL_MAILBOX_DOMAINS, TBL_MAP_VIRTUAL_MAILBOX_MAPS, "virtual mailbox"},
        {TBL_MAP_RELAY_DOMAINS, TBL_MAP_RELAY_RECIPIENT_MAPS, "relay recipient"},
    };
    guint own = G_N_ELEMENTS(classes);
    bool resolves = !map_says(explanation, TBL_MAP_TRANSPORT_MAPS, "TEMP");
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++) {
        resolves = resolves && !map_says(explanation, classes[i].domains, "TEMP");
        own = map_says(explanation, classes[i].domains, "OK") ? i : own;
    }
    if (!strchr(explanation->key, '@'))
        return g_strdup("no address");
    if (!resolves)
        return g_strdup_printf(SMTP_LOOKUP_FAILED, explanation->key);
    if (own == G_N_ELEMENTS(classes))
        return g_strdup("not ours");
    char *refused = smtp_of_action(explanation);
    if (refused)
        return refused;
    const TblMap tables[] = {TBL_MAP_VIRTUAL_ALIAS_MAPS, classes[own].recipients};
    for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
        if (map_says(explanation, tables[i], "OK"))
            return g_strdup("250 2.1.5 Ok");
        if (!map_says(explanation, tables[i], "NOTFOUND"))
            return g_strdup_printf(SMTP_LOOKUP_FAILED, explanation->key);
    }
    return g_strdup_printf("550 5.1.1 <%s>: Recipient address rejected: User unknown in %s table",
                           explanation->key, classes[own].table);
}

/* ---- The whole ---- */

static void
row_free(gpointer pointer)
{
    PdExplainRow *row = pointer;
    g_free(row->object);
    g_free(row->address);
    g_free(row->notice);
    g_free(row->file);
    g_free(row->dn);
    g_free(row->source_text);
    g_free(row);
}

static void
step_free(gpointer pointer)
{
    PdExplainStep *step = pointer;
    g_free(step->key);
    g_free(step->text);
    g_ptr_array_unref(step->rows);
    g_free(step);
}

PdExplainStep *
pd_explain_step_new(PdExplanation *explanation, const char *name, PdStepResult result)
{
    PdExplainStep *step = g_new0(PdExplainStep, 1);
    step->step = name;
    step->result = result;
    step->rows = g_ptr_array_new_with_free_func(row_free);
    g_ptr_array_add(explanation->steps, step);
    return step;
}

PdExplanation *
pd_explain_new(PdAnswerer *answerer, const char *key)
{
    PdExplanation *explanation = g_new0(PdExplanation, 1);
    explanation->key = g_strdup(key);
    explanation->steps = g_ptr_array_new_with_free_func(step_free);
    g_autofree PdExplainFacts *facts = g_new0(PdExplainFacts, 1);
    pd_answerer_hush(answerer);
    facts->context = pd_answerer_context(answerer);
    facts->explanation = explanation;
    pd_explain_add_steps(facts);
    ask_maps(answerer, explanation);
    ask_policy(answerer, explanation);
    explanation->smtp = smtp_reply(explanation);
    explanation->sentence = pd_explain_sentence(facts);
    g_free(facts->owner);
    return explanation;
}

void
pd_explain_free(PdExplanation *explanation)
{
    if (!explanation)
        return;
    g_free(explanation->key);
    g_free(explanation->canonical);
    g_ptr_array_unref(explanation->steps);
    for (int map = 0; map < TBL_MAP_COUNT; map++)
        g_free(explanation->map[map].value);
    g_free(explanation->policy);
    g_free(explanation->smtp);
    g_free(explanation->sentence);
    g_free(explanation);
}

const char *
pd_step_result_name(PdStepResult result)
{
    static const char *const names[] = {
        [PD_STEP_FOUND] = "found",   [PD_STEP_ABSENT] = "absent", [PD_STEP_NOTICE] = "notice",
        [PD_STEP_HIDDEN] = "hidden", [PD_STEP_FAILED] = "failed", [PD_STEP_SKIPPED] = "skipped",
    };
    return names[result];
}
