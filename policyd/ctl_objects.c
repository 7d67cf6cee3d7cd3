/* object show and object list. */
#include "policyd/ctl.h"
#include "policyd/ctl_catalog.h"
#include "policyd/ctl_show.h"

#include "tables/address.h"

#include <stdio.h>
#include <string.h>

/* ---- show ---- */

/* `TYPE:value` binds by its exact row, for any type; names and bare addresses as references do. */
static TblResult
find_typed(const PdCtlSnapshot *snapshot, const char *text, TblObject **object)
{
    TblSlice type, value;
    TblRows rows;
    if (tbl_proxy_split(tbl_slice(text), &type, &value) != 0)
        return TBL_NOTFOUND;
    g_autofree char *key = tbl_proxy_key(type, value);
    if (!key)
        return TBL_NOTFOUND;
    TblResult result = snapshot->view->rows(snapshot->view, tbl_slice(key), &rows);
    const TblRow *row = result == TBL_FOUND ? tbl_rows_answer(&rows) : NULL;
    if (result == TBL_FAILED || !row)
        return result == TBL_FAILED ? TBL_FAILED : TBL_NOTFOUND;
    return snapshot->view->object(snapshot->view, row->object, object);
}

static TblResult
find_object(const PdCtlSnapshot *snapshot, const char *text, TblObject **object)
{
    TblContext context = pd_ctl_snapshot_context(snapshot);
    TblResult result = TBL_NOTFOUND;
    if (!snapshot->reader)
        return result;
    for (TblOrigin origin = TBL_ORIGIN_LOCAL;
         result == TBL_NOTFOUND && origin <= TBL_ORIGIN_DIRECTORY; origin++)
        result = tbl_resolve_reference(&context, origin, text, object);
    return result == TBL_NOTFOUND ? find_typed(snapshot, text, object) : result;
}

int
pd_ctl_object_show(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    gboolean as_json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "One JSON object", NULL}, {0}};
    int code = pd_ctl_options(entries, "NAME-OR-ADDRESS [--json]", 1, 1, &argc, argv);
    if (code != 0)
        return code;
    g_autoptr(PdCtlSnapshot) snapshot = pd_ctl_snapshot_new(config, &error);
    if (!snapshot)
        return pd_ctl_error(error);
    g_autoptr(TblObject) object = NULL;
    TblResult result = find_object(snapshot, argv[1], &object);
    if (result == TBL_NOTFOUND)
        return pd_ctl_fail(TBL_EXIT_FAILED, "no object has the name or address \"%s\"", argv[1]);
    g_autoptr(GString) out = g_string_new(NULL);
    TblContext context = pd_ctl_snapshot_context(snapshot);
    if (result == TBL_FAILED || !(as_json ? pd_ctl_append_object_json(out, &context, object)
                                          : pd_ctl_append_object_text(out, &context, object))) {
        pd_ctl_set_store_failed(config, &error);
        return pd_ctl_error(error);
    }
    if (as_json)
        g_string_append_c(out, '\n');
    fputs(out->str, stdout);
    return pd_ctl_finish();
}

/* ---- list ---- */

typedef struct {
    TblContext context;
    bool as_json, broken;
} Listing;

static bool
print_object(const TblObject *object, gpointer data)
{
    Listing *listing = data;
    g_autoptr(GString) line = g_string_new(NULL);
    if (listing->as_json) {
        listing->broken = !pd_ctl_append_object_json(line, &listing->context, object);
    } else {
        const TblProxy *primary = tbl_object_primary(object, "SMTP");
        g_string_printf(line, "%s\t%s\t%s", object->name, tbl_class_name(object->object_class),
                        primary ? primary->value : "-");
    }
    if (!listing->broken)
        puts(line->str);
    return !listing->broken && !ferror(stdout);
}

int
pd_ctl_object_list(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *domain = NULL;
    gboolean as_json = FALSE;
    char canonical[256];
    const GOptionEntry entries[] = {
        {"domain", 0, 0, G_OPTION_ARG_FILENAME, &domain, "Only objects with an address there",
         "DOMAIN"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "One JSON object a line", NULL},
        {0}};
    int code = pd_ctl_options(entries, "[--domain=DOMAIN] [--json]", 0, 0, &argc, argv);
    if (code != 0)
        return code;
    if (domain && !tbl_domain_canonical(tbl_slice(domain), true, canonical))
        return pd_ctl_fail(TBL_EXIT_USAGE, "--domain=%s is no domain name", domain);
    g_autoptr(PdCtlSnapshot) snapshot = pd_ctl_snapshot_new(config, &error);
    if (!snapshot)
        return pd_ctl_error(error);
    Listing listing = {.context = pd_ctl_snapshot_context(snapshot), .as_json = as_json};
    if (!pd_ctl_each_object(snapshot, domain ? canonical : NULL, print_object, &listing, &error))
        return pd_ctl_error(error);
    if (listing.broken) {
        pd_ctl_set_store_failed(config, &error);
        return pd_ctl_error(error);
    }
    return pd_ctl_finish();
}
