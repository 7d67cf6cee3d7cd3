#include "policyd/ctl_tombstone.h"

#include "tables/duration.h"
#include "tables/fate.h"

#include <string.h>

#define GONE_DEFAULT "no longer in use"
/* An SMTP reply line has 512 bytes with its codes (RFC 5321 4.5.3.1.5); the rest is ours. */
#define GONE_BYTES_MAX 300

void
pd_ctl_notice_clear(PdCtlNotice *notice)
{
    g_free(notice->moved_to);
    g_free(notice->gone);
    g_free(notice->duration);
    *notice = (PdCtlNotice){0};
}

void
pd_ctl_tombstone_clear(PdCtlTombstone *tombstone)
{
    g_free(tombstone->text);
    *tombstone = (PdCtlTombstone){0};
}

void
pd_ctl_notice_entries(PdCtlNotice *notice, GOptionEntry entries[PD_CTL_NOTICE_ENTRIES])
{
    const GOptionEntry table[PD_CTL_NOTICE_ENTRIES] = {
        {"moved-to", 0, 0, G_OPTION_ARG_FILENAME, &notice->moved_to, "Tell senders the new address",
         "ADDRESS"},
        {"gone", 0, 0, G_OPTION_ARG_FILENAME, &notice->gone,
         "Tell senders that it is gone (" GONE_DEFAULT ")", "[TEXT]"},
        {"for", 0, 0, G_OPTION_ARG_FILENAME, &notice->duration,
         "For so long, as 90d, 12h or 30m (for ever)", "DURATION"},
        {0}};
    memcpy(entries, table, sizeof table);
}

void
pd_ctl_notice_prepare(int argc, char **argv)
{
    static char empty[] = "--gone=";
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--gone") == 0)
            argv[i] = empty;
}

static bool
read_gone(const char *gone, PdCtlTombstone *tombstone, GError **error)
{
    const char *text = *gone ? gone : GONE_DEFAULT;
    if (!g_utf8_validate(text, -1, NULL))
        return pd_ctl_usage(error, "--gone is not UTF-8");
    for (const char *at = text; *at; at++)
        if (g_ascii_iscntrl(*at))
            return pd_ctl_usage(error, "--gone has a control character");
    if (strlen(text) > GONE_BYTES_MAX)
        return pd_ctl_usage(error,
                            "--gone is longer than 300 bytes: it becomes part of an SMTP reply");
    tombstone->text = g_strdup(text);
    return true;
}

static bool
read_moved(const char *moved_to, PdCtlTombstone *tombstone, GError **error)
{
    g_autoptr(TblProxy) address = pd_ctl_proxy(moved_to, true, error);
    if (!address)
        return false;
    if (strcmp(address->type, "SMTP") != 0)
        return pd_ctl_usage(error, "--moved-to must be an SMTP address");
    tombstone->moved = true;
    tombstone->text = g_strdup(address->value);
    return true;
}

static bool
read_duration(const char *duration, PdCtlTombstone *tombstone, GError **error)
{
    guint64 seconds = 0;
    if (!duration)
        return true;
    if (!tbl_duration_parse(duration, &seconds))
        return pd_ctl_usage(error, "--for: expected a duration such as 90d, 12h or 30m");
    tombstone->expires = g_get_real_time() / G_USEC_PER_SEC + (gint64)seconds;
    return true;
}

bool
pd_ctl_tombstone_read(const PdCtlNotice *notice, const TblProxy *address, PdCtlTombstone *tombstone,
                      GError **error)
{
    tombstone->wanted = notice->moved_to || notice->gone;
    if (!tombstone->wanted)
        return !notice->duration || pd_ctl_usage(error, "--for goes with --moved-to or --gone");
    if (notice->moved_to && notice->gone)
        return pd_ctl_usage(error, "--moved-to and --gone exclude each other");
    if (strcmp(address->type, "SMTP") != 0)
        return pd_ctl_usage(error, "only an SMTP address can leave a notice");
    return (notice->gone ? read_gone(notice->gone, tombstone, error)
                         : read_moved(notice->moved_to, tombstone, error)) &&
           read_duration(notice->duration, tombstone, error);
}

bool
pd_ctl_tombstone_leave(PdCtlChange *change, const PdCtlTombstone *tombstone,
                       const TblProxy *address, GError **error)
{
    if (!tombstone->wanted)
        return true;
    g_autofree char *key = tbl_proxy_key(tbl_slice(address->type), tbl_slice(address->value));
    const TblRow row = {.kind = TBL_ROW_TOMBSTONE,
                        .spelling = tbl_slice(address->value),
                        .moved = tombstone->moved,
                        .notice = tbl_slice(tombstone->text),
                        .expires = tombstone->expires};
    return tbl_draft_set_tombstone(change->draft, key, &row, error);
}

bool
pd_ctl_tombstone_check(PdCtlChange *change, const PdCtlTombstone *tombstone, GError **error)
{
    if (!tombstone->wanted || !tombstone->moved)
        return true;
    TblContext context = pd_ctl_change_context(change);
    switch (tbl_fate_of(&context, tombstone->text)) {
    case TBL_FATE_ABSENT:
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED,
                    "--moved-to=%s must exist or lie in an undeclared domain", tombstone->text);
        return false;
    case TBL_FATE_FAILED:
        pd_ctl_set_store_failed(change->config, error);
        return false;
    default:
        return true;
    }
}
