#include "policyd/rules.h"

#include "policyd/action.h"
#include "tables/restriction.h"

#define DUNNO PD_ACTION_DUNNO
#define DEFER_FAILED PD_ACTION_FAILED

/* Limits are in kB of so many bytes (KB Q241868). */
#define KILOBYTE 1024

/* One request. */
typedef struct {
    const TblContext *context;
    const PdAttrs *attrs;
    const char *input;
    GString *action;
} Request;

typedef enum { OWNED, NOT_OWNED, OWNER_UNKNOWN } Ownership;

static TblSlice
request_get(const Request *request, PdAttr attr)
{
    return pd_attrs_get(request->attrs, request->input, attr);
}

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

/* ---- The recipient's own conditions ---- */

static bool
is_trusted_client(const TblConfig *config, TblSlice client)
{
    static const char mapped[] = "::ffff:"; /* an IPv4 client of an IPv6 socket */
    const size_t prefix = sizeof mapped - 1;
    bool is_mapped = client.len > prefix && g_ascii_strncasecmp(client.ptr, mapped, prefix) == 0 &&
                     memchr(client.ptr, '.', client.len);
    size_t skip = is_mapped ? prefix : 0;
    g_autofree char *text = g_strndup(client.ptr + skip, client.len - skip);
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(text);
    const GPtrArray *networks = config->policy.trusted_networks;
    for (guint i = 0; address && i < networks->len; i++)
        if (g_inet_address_mask_matches(g_ptr_array_index(networks, i), address))
            return true;
    return false;
}

/* Postfix sends the subject of a certificate only when it has verified it (smtpd_check.c). */
static bool
is_authenticated(const Request *request)
{
    return request_get(request, PD_ATTR_SASL_USERNAME).len > 0 ||
           request_get(request, PD_ATTR_CCERT_SUBJECT).len > 0 ||
           is_trusted_client(request->context->config,
                             request_get(request, PD_ATTR_CLIENT_ADDRESS));
}

/* The size that the client declared: 0 for none, or what is no number; the largest for what no
 * number can hold. */
static guint64
declared_size(TblSlice text)
{
    guint64 size = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!g_ascii_isdigit(text.ptr[i]))
            return 0;
        guint64 digit = (guint64)(text.ptr[i] - '0');
        size = size > (G_MAXUINT64 - digit) / 10 ? G_MAXUINT64 : size * 10 + digit;
    }
    return size;
}

static bool
is_over(guint64 size, gint64 limit)
{
    return limit != TBL_LIMIT_NONE && (guint64)limit <= G_MAXUINT64 / KILOBYTE &&
           size > (guint64)limit * KILOBYTE;
}

static const char *
restriction_action(TblRestriction restriction)
{
    switch (restriction) {
    case TBL_RESTRICTION_UNAUTHENTICATED:
        return "550 5.7.1 Recipient takes mail from authenticated senders only";
    case TBL_RESTRICTION_NOT_ACCEPTED:
    case TBL_RESTRICTION_REJECTED:
        return "550 5.7.1 Recipient does not take mail from this sender";
    default:
        return DEFER_FAILED;
    }
}

/* What the object says that has the address: whom it takes mail from, and how much. */
static PdRulesOutcome
decide_object(const Request *request, guint64 id)
{
    TblView *view = request->context->view;
    g_autoptr(TblObject) object = NULL;
    if (view->object(view, id, &object) != TBL_FOUND) {
        g_string_append(request->action, DEFER_FAILED);
        return PD_RULES_FAILED;
    }
    TblRestriction restriction =
        tbl_restriction_judge(request->context, object, request_get(request, PD_ATTR_SENDER),
                              object->authenticated_only && is_authenticated(request));
    if (restriction != TBL_RESTRICTION_NONE)
        g_string_append(request->action, restriction_action(restriction));
    else if (is_over(declared_size(request_get(request, PD_ATTR_SIZE)), object->limit_in))
        g_string_append_printf(request->action,
                               "550 5.2.3 Message is larger than the recipient's limit of "
                               "%" G_GINT64_FORMAT " kB",
                               object->limit_in);
    else
        g_string_append(request->action, DUNNO);
    return restriction == TBL_RESTRICTION_FAILED ? PD_RULES_FAILED : PD_RULES_DECIDED;
}

static PdRulesOutcome
decide_recipient(const Request *request)
{
    TblRecipient recipient;
    GString *action = request->action;

    tbl_maps_recipient(request->context, request_get(request, PD_ATTR_RECIPIENT), &recipient);
    switch (recipient.kind) {
    case TBL_RECIPIENT_FOUND:
        /* A catch-all's object has no say: the address is not its own. */
        if (recipient.location.result == TBL_FOUND && recipient.location.row.restricted)
            return decide_object(request, recipient.location.row.object);
        g_string_append(action, DUNNO);
        return PD_RULES_DECIDED;
    case TBL_RECIPIENT_NOT_OURS:
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
decide(const Request *request, GString *scratch)
{
    TblSlice state = request_get(request, PD_ATTR_PROTOCOL_STATE);
    TblSlice sender = request_get(request, PD_ATTR_SENDER);
    TblSlice user = request_get(request, PD_ATTR_SASL_USERNAME);

    if (!tbl_slice_equal(state, tbl_slice("RCPT")) ||
        request_get(request, PD_ATTR_RECIPIENT).len == 0) {
        g_string_append(request->action, DUNNO);
        return PD_RULES_DECIDED;
    }
    if (request->context->config->policy.sender_login && user.len > 0 && sender.len > 0) {
        switch (sender_ownership(request->context, sender, user, scratch)) {
        case OWNED:
            break;
        case NOT_OWNED:
            g_string_append(request->action, "553 5.7.1 Sender address is not owned by the login");
            return PD_RULES_DECIDED;
        case OWNER_UNKNOWN:
            g_string_append(request->action, DEFER_FAILED);
            return PD_RULES_FAILED;
        }
    }
    return decide_recipient(request);
}

PdRulesOutcome
pd_rules_decide(const TblContext *context, const PdAttrs *attrs, const char *input,
                GString *scratch, GString *action)
{
    gsize from = action->len;
    const Request request = {context, attrs, input, action};
    PdRulesOutcome outcome = decide(&request, scratch);

    pd_action_clean(action, from);
    return outcome;
}
