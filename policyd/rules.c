#include "policyd/rules.h"

#define DUNNO "DUNNO"
#define DEFER_FAILED "DEFER_IF_PERMIT 4.3.0 Temporary lookup failure"

typedef enum { OWNED, NOT_OWNED, OWNER_UNKNOWN } Ownership;

static bool
login_equal(TblSlice login, TblSlice user)
{
    if (login.len == user.len && g_ascii_strncasecmp(login.ptr, user.ptr, login.len) == 0)
        return true;
    g_autofree char *a = tbl_text_fold(login);
    g_autofree char *b = tbl_text_fold(user);
    return a && b && strcmp(a, b) == 0;
}

/* Does `user` stand in the comma separated list of logins? */
static bool
logins_contain(TblSlice logins, TblSlice user)
{
    while (logins.len > 0) {
        const char *comma = memchr(logins.ptr, ',', logins.len);
        size_t length = comma ? (size_t)(comma - logins.ptr) : logins.len;

        if (login_equal((TblSlice){logins.ptr, length}, user))
            return true;
        size_t past = MIN(length + 1, logins.len);
        logins = (TblSlice){logins.ptr + past, logins.len - past};
    }
    return false;
}

/* An address that is not ours, or has no login, is nobody's. */
static Ownership
sender_ownership(const TblContext *context, TblSlice sender, TblSlice user, GString *scratch)
{
    g_string_truncate(scratch, 0);
    switch (tbl_maps_lookup(context, TBL_MAP_SENDER_LOGIN_MAPS, sender, scratch)) {
    case TBL_FOUND:
        return logins_contain((TblSlice){scratch->str, scratch->len}, user) ? OWNED : NOT_OWNED;
    case TBL_NOTFOUND:
        return NOT_OWNED;
    case TBL_FAILED:
        break;
    }
    return OWNER_UNKNOWN;
}

static void
append_tombstone(const TblRow *row, GString *action)
{
    if (row->moved)
        g_string_append(action, "550 5.1.6 Recipient has moved to ");
    else
        g_string_append(action, "550 5.1.6 Recipient address is gone: ");
    g_string_append_len(action, row->notice.ptr, (gssize)row->notice.len);
}

static const char *
unknown_action(TblUnknown unknown)
{
    switch (unknown) {
    case TBL_UNKNOWN_DEFER:
        return "450 4.1.1 User unknown, try again later";
    case TBL_UNKNOWN_ACCEPT:
        return DUNNO;
    case TBL_UNKNOWN_DEFAULT:
    case TBL_UNKNOWN_REJECT:
        break;
    }
    return "550 5.1.1 User unknown";
}

static PdRulesOutcome
decide_recipient(const TblContext *context, TblSlice key, GString *action)
{
    TblRecipient recipient;

    tbl_maps_recipient(context, key, &recipient);
    switch (recipient.kind) {
    case TBL_RECIPIENT_NOT_OURS:
    case TBL_RECIPIENT_FOUND:
        g_string_append(action, DUNNO);
        return PD_RULES_DECIDED;
    case TBL_RECIPIENT_OVER_LIMIT:
        g_string_append(action, "DEFER_IF_PERMIT 4.2.4 Distribution list is too large");
        return PD_RULES_DECIDED;
    case TBL_RECIPIENT_TOMBSTONE:
        append_tombstone(&recipient.location.row, action);
        return PD_RULES_DECIDED;
    case TBL_RECIPIENT_EMPTY_LIST:
        g_string_append(action, "550 5.2.4 Distribution list has no recipients");
        return PD_RULES_DECIDED;
    case TBL_RECIPIENT_ABSENT:
        g_string_append(action, unknown_action(recipient.unknown));
        return PD_RULES_DECIDED;
    case TBL_RECIPIENT_FAILED:
        break;
    }
    g_string_append(action, DEFER_FAILED);
    return PD_RULES_FAILED;
}

static PdRulesOutcome
decide(const TblContext *context, const PdAttrs *attrs, const char *input, GString *scratch,
       GString *action)
{
    TblSlice state = pd_attrs_get(attrs, input, PD_ATTR_PROTOCOL_STATE);
    TblSlice recipient = pd_attrs_get(attrs, input, PD_ATTR_RECIPIENT);
    TblSlice sender = pd_attrs_get(attrs, input, PD_ATTR_SENDER);
    TblSlice user = pd_attrs_get(attrs, input, PD_ATTR_SASL_USERNAME);

    if (!tbl_slice_equal(state, tbl_slice("RCPT")) || recipient.len == 0) {
        g_string_append(action, DUNNO);
        return PD_RULES_DECIDED;
    }
    if (context->config->policy.sender_login && user.len > 0 && sender.len > 0) {
        switch (sender_ownership(context, sender, user, scratch)) {
        case OWNED:
            break;
        case NOT_OWNED:
            g_string_append(action, "553 5.7.1 Sender address is not owned by the login");
            return PD_RULES_DECIDED;
        case OWNER_UNKNOWN:
            g_string_append(action, DEFER_FAILED);
            return PD_RULES_FAILED;
        }
    }
    return decide_recipient(context, recipient, action);
}

PdRulesOutcome
pd_rules_decide(const TblContext *context, const PdAttrs *attrs, const char *input,
                GString *scratch, GString *action)
{
    gsize from = action->len;
    PdRulesOutcome outcome = decide(context, attrs, input, scratch, action);

    pd_rules_clean(action, from);
    return outcome;
}

/* Is there nothing but digits, dots and blanks? Postfix takes an all-digit action as a permit
 * (access(5)). */
static bool
only_codes(const char *text)
{
    return text[strspn(text, "0123456789. \t")] == '\0';
}

/* The first word needs text behind it, and an enhanced code behind that too. */
static bool
needs_text(const char *text)
{
    const char *rest = text + strcspn(text, " ");

    if (g_ascii_isdigit(text[0]))
        return only_codes(rest);
    return g_str_has_prefix(text, "DEFER_IF_PERMIT") && only_codes(rest);
}

void
pd_rules_clean(GString *action, gsize from)
{
    const char *bad = NULL;

    for (gsize at = from; !g_utf8_validate(action->str + at, (gssize)(action->len - at), &bad);) {
        at = (gsize)(bad - action->str);
        action->str[at] = '?';
    }
    for (char *c = action->str + from; c < action->str + action->len; c++) {
        if (g_ascii_iscntrl(*c))
            *c = '?';
    }
    if (action->len - from > PD_RULES_ACTION_MAX) {
        const char *limit = action->str + from + PD_RULES_ACTION_MAX;
        /* The character that crosses the limit goes as a whole. */
        const char *cut = g_utf8_find_prev_char(action->str + from, limit + 1);
        g_string_truncate(action, (gsize)(cut - action->str));
    }
    if (action->len == from || needs_text(action->str + from)) {
        g_string_truncate(action, from);
        g_string_append(action, DEFER_FAILED);
    }
}
