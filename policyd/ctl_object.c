/* object add, show, list, remove. */
#include "policyd/ctl_object.h"
#include "policyd/ctl_guard.h"
#include "policyd/ctl_lists.h"
#include "policyd/ctl_show.h"

#include "tables/address.h"
#include "tables/claim.h"

#include <stdio.h>
#include <string.h>

/* ---- Shared with address verbs ---- */

static bool
claim_result(const PdCtlChange *change, TblResult result, TblClaim *claim, GError **error)
{
    bool fine = result == TBL_FOUND && claim->fault == TBL_CLAIM_FREE;
    if (result != TBL_FOUND)
        pd_ctl_set_store_failed(change->config, error);
    else if (!fine)
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED, "%s",
                    claim->reason ? claim->reason : "another object has this address");
    tbl_claim_clear(claim);
    return fine;
}

bool
pd_ctl_claim(PdCtlChange *change, const TblObject *before, const TblObject *object, GError **error)
{
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        g_autofree char *key = tbl_proxy_key(tbl_slice(proxy->type), tbl_slice(proxy->value));
        if (before && key && pd_ctl_address_index(before, key) >= 0)
            continue;
        TblClaim claim = {0};
        TblResult result = tbl_claim_address(change->draft, object->id, tbl_slice(proxy->type),
                                             tbl_slice(proxy->value), &claim);
        if (!claim_result(change, result, &claim, error))
            return false;
    }
    TblClaim claim = {0};
    return claim_result(change, tbl_claim_target(change->draft, object, &claim), &claim, error);
}

int
pd_ctl_address_index(const TblObject *object, const char *key)
{
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        g_autofree char *own = tbl_proxy_key(tbl_slice(proxy->type), tbl_slice(proxy->value));
        if (own && strcmp(own, key) == 0)
            return (int)i;
    }
    return -1;
}

TblObject *
pd_ctl_named(PdCtlChange *change, const char *name, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(TblObject) object = tbl_draft_find(change->draft, TBL_ORIGIN_LOCAL, name, &cause);
    if (object)
        return g_steal_pointer(&object);
    if (!cause)
        object = tbl_draft_find(change->draft, TBL_ORIGIN_DIRECTORY, name, &cause);
    if (cause)
        g_propagate_error(error, g_steal_pointer(&cause));
    else if (object)
        pd_ctl_refuse(error, "\"%s\" belongs to the directory", object->name);
    else
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "there is no object \"%s\"", name);
    return NULL;
}

TblObject *
pd_ctl_holder(PdCtlChange *change, const TblProxy *address, const char *key, GError **error)
{
    TblRows rows;
    rows.count = 0;
    if (tbl_draft_rows(change->draft, key, &rows) == TBL_FAILED) {
        pd_ctl_set_store_failed(change->config, error);
        return NULL;
    }
    const TblRow *local = tbl_rows_get(&rows, TBL_ROW_LOCAL);
    if (local) {
        g_autoptr(GError) cause = NULL;
        TblObject *object = tbl_draft_object(change->draft, local->object, &cause);
        if (!object)
            pd_ctl_set_store_failed(change->config, error);
        return object;
    }
    if (tbl_rows_get(&rows, TBL_ROW_DIRECTORY))
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED, "%s:%s belongs to the directory",
                    address->type, address->value);
    else
        g_set_error(error, TBL_EXIT_ERROR, TBL_EXIT_FAILED, "%s:%s: no object has this address",
                    address->type, address->value);
    return NULL;
}

int
pd_ctl_object_commit(PdCtlChange *change, const char *summary, const TblObject *before,
                     TblObject *after)
{
    g_autoptr(GError) error = NULL;
    bool changed = false;
    bool put = after ? tbl_draft_put(change->draft, after, &error)
                     : tbl_draft_delete(change->draft, before->id, &error);
    if (!put || !pd_ctl_guard_catch_alls(change, &error) ||
        !pd_ctl_guard_lists(change, false, &error) ||
        !pd_ctl_change_commit(change, summary, &changed, &error))
        return pd_ctl_error(error);
    return TBL_EXIT_OK;
}

/* ---- add ---- */

typedef struct {
    char *class_name, *target, *alias, *first, *last, *display;
    char **addresses, **members;
} AddOptions;

static void
add_options_clear(AddOptions *options)
{
    g_free(options->class_name);
    g_free(options->target);
    g_free(options->alias);
    g_free(options->first);
    g_free(options->last);
    g_free(options->display);
    g_strfreev(options->addresses);
    g_strfreev(options->members);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AddOptions, add_options_clear)

/* One line of visible text: names and the like end up in files and logs. */
static bool
check_text(const char *what, const char *text, GError **error)
{
    if (!text)
        return true;
    if (!g_utf8_validate(text, -1, NULL))
        return pd_ctl_usage(error, "%s is not UTF-8", what);
    for (const char *at = text; *at; at++)
        if (g_ascii_iscntrl(*at))
            return pd_ctl_usage(error, "%s has a control character", what);
    return true;
}

/* Import files trim references, so one with blanks at an end would not find its object. */
static bool
check_ends(const char *what, const char *text, GError **error)
{
    size_t length = strlen(text);
    if (length > 0 && (g_ascii_isspace(text[0]) || g_ascii_isspace(text[length - 1])))
        return pd_ctl_usage(error, "%s \"%s\" has a blank at an end", what, text);
    return true;
}

/* Of each type the first is the primary; the same address twice counts once. */
static bool
add_address(TblObject *object, const char *text, GError **error)
{
    TblProxy *proxy = pd_ctl_proxy(text, false, error);
    if (!proxy)
        return false;
    g_autofree char *key = tbl_proxy_key(tbl_slice(proxy->type), tbl_slice(proxy->value));
    if (!key || pd_ctl_address_index(object, key) >= 0) {
        tbl_proxy_free(proxy);
        return true;
    }
    proxy->primary = !tbl_object_primary(object, proxy->type);
    g_ptr_array_add(object->addresses, proxy);
    return true;
}

static bool
add_target(TblObject *object, const char *text, GError **error)
{
    if (object->object_class != TBL_CLASS_REMOTE)
        return !text || pd_ctl_usage(error, "--target is for --class=remote");
    if (!text || !*text)
        return pd_ctl_usage(error, "--class=remote needs a --target");
    object->target = pd_ctl_proxy(text, true, error);
    if (!object->target)
        return false;
    if (!tbl_object_primary(object, object->target->type))
        g_ptr_array_add(object->addresses, tbl_proxy_new(tbl_slice(object->target->type),
                                                         tbl_slice(object->target->value), true));
    return true;
}

static bool
add_members(TblObject *object, char **members, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (members && object->object_class != TBL_CLASS_DL)
        return pd_ctl_usage(error, "--member is for --class=dl");
    for (char **member = members; member && *member; member++) {
        if (!check_text("--member", *member, error) || !check_ends("--member", *member, error))
            return false;
        if (!**member)
            return pd_ctl_usage(error, "--member is empty");
        char *folded = tbl_text_fold(tbl_slice(*member));
        if (g_hash_table_add(seen, folded ? folded : g_strdup(*member)))
            g_ptr_array_add(object->refs[TBL_REFS_MEMBERS], g_strdup(*member));
    }
    return true;
}

static bool
add_texts(TblObject *object, const AddOptions *options, GError **error)
{
    if (!check_text("--alias", options->alias, error) ||
        !check_text("--first", options->first, error) ||
        !check_text("--last", options->last, error) ||
        !check_text("--display", options->display, error))
        return false;
    tbl_object_set_text(object, TBL_TEXT_ALIAS, options->alias);
    tbl_object_set_text(object, TBL_TEXT_FIRST, options->first);
    tbl_object_set_text(object, TBL_TEXT_LAST, options->last);
    tbl_object_set_text(object, TBL_TEXT_DISPLAY, options->display);
    return true;
}

static TblObject *
object_of_options(const char *name, const AddOptions *options, GError **error)
{
    TblClass object_class =
        options->class_name ? tbl_class_from_name(options->class_name) : TBL_CLASS_MAILBOX;
    if (!object_class) {
        pd_ctl_usage(error, "--class=%s: expected mailbox, remote, dl or public-folder",
                     options->class_name);
        return NULL;
    }
    if (!*name) {
        pd_ctl_usage(error, "the name is empty");
        return NULL;
    }
    if (!check_text("the name", name, error) || !check_ends("the name", name, error))
        return NULL;
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_LOCAL, object_class, name);
    for (char **text = options->addresses; text && *text; text++)
        if (!add_address(object, *text, error))
            return NULL;
    if (!add_target(object, options->target, error) ||
        !add_members(object, options->members, error) || !add_texts(object, options, error))
        return NULL;
    return g_steal_pointer(&object);
}

/* An address outside the declared domains stands for itself. */
static bool
is_foreign_address(const TblContext *context, const char *reference)
{
    TblAddress address;
    return tbl_address_parse_reference(&address, reference) &&
           !tbl_domains_find_mail(context->view->domains(context->view),
                                  tbl_address_domain(&address));
}

static void
note_unresolved(const PdCtlChange *change, const TblObject *object)
{
    TblContext context = pd_ctl_change_context(change);
    const GPtrArray *members = object->refs[TBL_REFS_MEMBERS];
    for (guint i = 0; i < members->len; i++) {
        g_autoptr(TblObject) member = NULL;
        const char *reference = g_ptr_array_index(members, i);
        if (tbl_resolve_reference(&context, TBL_ORIGIN_LOCAL, reference, &member) == TBL_NOTFOUND &&
            !is_foreign_address(&context, reference))
            pd_ctl_note("note: no object has the member \"%s\" (yet)", reference);
    }
}

/* What domain rules gave to it does not count. */
static bool
is_declared_so(const TblObject *existing, const TblObject *object)
{
    g_autoptr(TblObject) own = tbl_object_copy(existing);
    g_ptr_array_set_size(own->refs[TBL_REFS_GENERATED], 0);
    return tbl_object_equal(own, object);
}

static int
add_object(TblConfig *config, const char *summary, const char *name, const AddOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TblObject) object = object_of_options(name, options, &error);
    g_autoptr(PdCtlChange) change = object ? pd_ctl_change_new(config, &error) : NULL;
    if (!change)
        return pd_ctl_error(error);
    g_autoptr(TblObject) existing = tbl_draft_find(change->draft, TBL_ORIGIN_LOCAL, name, &error);
    if (error)
        return pd_ctl_error(error);
    if (existing && is_declared_so(existing, object))
        return TBL_EXIT_OK;
    if (existing)
        return pd_ctl_fail(TBL_EXIT_FAILED, "%s \"%s\" exists already",
                           tbl_class_name(existing->object_class), existing->name);
    if (!pd_ctl_claim(change, NULL, object, &error))
        return pd_ctl_error(error);
    int code = pd_ctl_object_commit(change, summary, NULL, object);
    if (code == TBL_EXIT_OK)
        note_unresolved(change, object);
    return code;
}

int
pd_ctl_object_add(TblConfig *config, int argc, char **argv)
{
    g_auto(AddOptions) options = {0};
    const GOptionEntry entries[] = {
        {"class", 0, 0, G_OPTION_ARG_FILENAME, &options.class_name,
         "mailbox, remote, dl or public-folder", "CLASS"},
        {"address", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.addresses,
         "The first of a type is the primary", "ADDRESS"},
        {"target", 0, 0, G_OPTION_ARG_FILENAME, &options.target, "Where a remote's mail goes",
         "ADDRESS"},
        {"member", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.members, "Of a dl",
         "NAME-OR-ADDRESS"},
        {"alias", 0, 0, G_OPTION_ARG_FILENAME, &options.alias, "Mail nickname", "A"},
        {"first", 0, 0, G_OPTION_ARG_FILENAME, &options.first, "First name", "F"},
        {"last", 0, 0, G_OPTION_ARG_FILENAME, &options.last, "Last name", "L"},
        {"display", 0, 0, G_OPTION_ARG_FILENAME, &options.display, "Display name", "D"},
        {0}};
    g_autofree char *summary = pd_ctl_summary("object add", argc, argv);
    int code = pd_ctl_options(entries, "NAME [OPTION...]", 1, 1, &argc, argv);
    return code != 0 ? code : add_object(config, summary, argv[1], &options);
}

/* ---- remove ---- */

int
pd_ctl_object_remove(TblConfig *config, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {{0}};
    g_autofree char *summary = pd_ctl_summary("object remove", argc, argv);
    int code = pd_ctl_options(entries, "NAME", 1, 1, &argc, argv);
    if (code != 0)
        return code;
    g_autoptr(PdCtlChange) change = pd_ctl_change_new(config, &error);
    if (!change)
        return pd_ctl_error(error);
    g_autoptr(TblObject) object = pd_ctl_named(change, argv[1], &error);
    return object ? pd_ctl_object_commit(change, summary, object, NULL) : pd_ctl_error(error);
}
