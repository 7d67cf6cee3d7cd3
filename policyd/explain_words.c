/* The sentence of an explanation. */
#include "policyd/explain_facts.h"

/* So many recipients are named, more are counted. */
#define NAMED_MAX 5

/* ---- Where it goes ---- */

/* The addresses of a value with blanks behind its commas, and how many there are. A quoted local
 * part may hold commas. Caller frees. */
static char *
spaced(const char *value, guint *count)
{
    GString *text = g_string_new(NULL);
    bool quoted = false;
    *count = 1;
    for (const char *c = value; *c; c++) {
        g_string_append_c(text, *c);
        if (quoted && *c == '\\' && c[1])
            g_string_append_c(text, *++c);
        else if (*c == '"')
            quoted = !quoted;
        else if (*c == ',' && !quoted) {
            g_string_append_c(text, ' ');
            ++*count;
        }
    }
    return g_string_free(text, FALSE);
}

static void
append_destination(const PdExplainFacts *facts, GString *out)
{
    const PdExplainReply *alias = &facts->explanation->map[TBL_MAP_VIRTUAL_ALIAS_MAPS];
    const PdExplainReply *route = &facts->explanation->map[TBL_MAP_TRANSPORT_MAPS];
    if (strcmp(alias->word, "OK") != 0) {
        g_string_append(out, "keeps its address");
        if (strcmp(route->word, "OK") == 0)
            g_string_append_printf(out, ", which goes by %s,", route->value);
        return;
    }
    guint count;
    g_autofree char *recipients = spaced(alias->value, &count);
    if (count > NAMED_MAX)
        g_string_append_printf(out, "goes to %u recipients", count);
    else
        g_string_append_printf(out, "goes to %s", recipients);
}

/* ---- Why ---- */

/* `it is a secondary address of mailbox "ann"`, and how it was found. */
static void
append_found(const PdExplainFacts *facts, GString *out)
{
    const TblLocation *location = &facts->location;
    const TblRow *row = &location->row;
    bool generated =
        row->kind == TBL_ROW_LOCAL_GENERATED || row->kind == TBL_ROW_DIRECTORY_GENERATED;
    g_string_append_printf(out, "%s is %s of %s",
                           *location->extension ? "without its extension it" : "it",
                           generated      ? "a generated address"
                           : row->primary ? "the primary address"
                                          : "a secondary address",
                           facts->owner ? facts->owner : "an object");
    if (location->mirrored)
        g_string_append_printf(out, " in %s, which the domain mirrors", facts->domain->mirror);
}

static void
append_nobody(const PdExplainFacts *facts, GString *out)
{
    const TblDomain *domain = facts->domain;
    const char *postmaster = facts->context->config->addresses.postmaster;
    g_string_append_printf(out, "nobody has it in %s", domain->name);
    if (facts->alias == TBL_ALIAS_VALUE)
        g_string_append_printf(out, ", and %s is %s",
                               domain->catch_all ? domain->catch_all : postmaster,
                               domain->catch_all ? "the catch-all" : "the postmaster");
}

static const char *
first_failure(const PdExplanation *explanation)
{
    for (int map = 0; map < TBL_MAP_COUNT; map++)
        if (strcmp(explanation->map[map].word, "TEMP") == 0)
            return explanation->map[map].value;
    return "a lookup failed";
}

static void
append_put_off(const PdExplainFacts *facts, GString *out)
{
    const char *policy = facts->explanation->policy;
    if (facts->nobody && facts->ours && g_str_has_prefix(policy, "450 ")) {
        append_nobody(facts, out);
        g_string_append(out, ", which defers unknown recipients");
    } else if (g_str_has_prefix(policy, "DEFER_IF_PERMIT 4.2.4")) {
        g_string_append_printf(out, "%s is over the limits", facts->owner ? facts->owner : "it");
    } else {
        g_string_append(out, first_failure(facts->explanation));
    }
}

static void
append_refusal(const PdExplainFacts *facts, GString *out)
{
    const TblLocation *location = &facts->location;
    const char *policy = facts->explanation->policy;
    const char *owner = facts->owner ? facts->owner : "its object";
    if (!facts->is_address)
        g_string_append(out, "it is no address that anybody can have");
    else if (location->tombstone)
        g_string_append_printf(out, "%s %.*s",
                               location->row.moved ? "it has moved to" : "it is gone:",
                               (int)location->row.notice.len, location->row.notice.ptr);
    else if (location->hidden)
        g_string_append_printf(out, "%s is disabled, and exclude-disabled is set", owner);
    else if (g_str_has_prefix(policy, "550 5.2.4"))
        g_string_append_printf(out, "%s has no recipients", owner);
    else if (g_str_has_prefix(policy, "550 5.7.1") || g_str_has_prefix(policy, "550 5.2.3"))
        g_string_append_printf(out, "%s does not take it from a sender outside", owner);
    else if (location->result == TBL_FOUND) {
        append_found(facts, out);
        g_string_append(out, ", and that leads nowhere from a virtual-alias domain");
    } else {
        append_nobody(facts, out);
    }
}

/* ---- The sentence ---- */

static char *
domain_sentence(const PdExplainFacts *facts)
{
    const PdExplanation *explanation = facts->explanation;
    const PdExplainReply *route = &explanation->map[TBL_MAP_TRANSPORT_MAPS];
    const char *shown = *facts->name ? facts->name : explanation->key;
    TblView *view = facts->context->view;
    if (!*facts->name)
        return g_strdup_printf("%s is neither an address nor a domain, so every map answers it as "
                               "absent.",
                               shown);
    if (!facts->domain)
        return explanation->temporary
                   ? g_strdup_printf("Nothing is known about %s because %s.", shown,
                                     first_failure(explanation))
                   : g_strdup_printf("%s is not declared here, so Postfix decides by its other "
                                     "tables.",
                                     shown);
    bool routed = strcmp(route->word, "OK") == 0;
    return g_strdup_printf(
        "%s is declared with class %s%s%s.", shown,
        tbl_domain_class_name(tbl_domains_class(view->domains(view), facts->domain)),
        routed ? ", and its mail goes by " : "", routed ? route->value : "");
}

char *
pd_explain_sentence(const PdExplainFacts *facts)
{
    const PdExplanation *explanation = facts->explanation;
    const char *smtp = explanation->smtp, *key = explanation->key;
    if (!strchr(key, '@'))
        return domain_sentence(facts);
    if (strcmp(smtp, "not ours") == 0)
        return g_strdup_printf("%s is not ours: %s, so Postfix decides by its other tables.", key,
                               facts->domain  ? "its domain is declared for routing only"
                               : *facts->name ? "its domain is not declared here"
                                              : "it names no domain that could be declared");
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "Mail to %s is ", key);
    if (*smtp == '2') {
        g_string_append(out, "accepted and ");
        append_destination(facts, out);
        g_string_append(out, " because ");
        if (facts->location.result == TBL_FOUND) {
            append_found(facts, out);
        } else {
            append_nobody(facts, out);
            if (facts->alias != TBL_ALIAS_VALUE)
                g_string_append(out, ", which accepts unknown recipients");
        }
    } else if (*smtp == '4') {
        g_string_append_printf(out, "put off (%.9s) because ", smtp);
        append_put_off(facts, out);
    } else {
        g_string_append_printf(out, "refused (%.9s) because ", smtp);
        append_refusal(facts, out);
    }
    g_string_append_c(out, '.');
    return g_string_free(out, FALSE);
}
