/* doctor: the declared domains by themselves. */
#include "policyd/doctor.h"
#include "policyd/postmaster.h"

#include "tables/fate.h"

#include <string.h>

static bool
look_at_catch_all(PdDoctor *doctor, const TblContext *context, const TblDomain *domain)
{
    g_autofree char *remedy =
        g_strdup_printf("policyctl domain set %s --catch-all=ADDRESS", domain->name);
    switch (tbl_fate_of(context, domain->catch_all)) {
    case TBL_FATE_FINE:
    case TBL_FATE_EMPTY:
    case TBL_FATE_OVER:
        return true;
    case TBL_FATE_ABSENT:
        pd_doctor_find(doctor, PD_DOCTOR_ERROR, "catch-all", remedy,
                       "the catch-all of %s is %s, which nobody has", domain->name,
                       domain->catch_all);
        return true;
    case TBL_FATE_NOWHERE:
        pd_doctor_find(doctor, PD_DOCTOR_ERROR, "catch-all", remedy,
                       "the catch-all of %s is %s, whose mail has nowhere to go", domain->name,
                       domain->catch_all);
        return true;
    case TBL_FATE_FAILED:
        break;
    }
    return false;
}

static void
look_at_mirror(PdDoctor *doctor, const TblDomain *domain)
{
    const TblDomain *other = tbl_domains_get(pd_doctor_domains(doctor), domain->mirror);
    if (other && !other->mirror && other->domain_class != TBL_DOMAIN_ROUTE)
        return;
    g_autofree char *remedy = g_strdup_printf("policyctl domain remove %s", domain->name);
    pd_doctor_find(doctor, PD_DOCTOR_ERROR, "mirror", remedy,
                   "%s mirrors %s, which is not a declared domain with addresses of its own",
                   domain->name, domain->mirror);
}

/* RFC 5321 section 4.5.1: every domain that takes mail has a postmaster. */
static bool
look_at_postmaster(PdDoctor *doctor, const TblContext *context, const TblDomain *domain)
{
    TblRecipient recipient;
    g_autofree char *address = g_strconcat("postmaster@", domain->name, NULL);
    tbl_maps_recipient(context, tbl_slice(address), &recipient);
    if (recipient.kind == TBL_RECIPIENT_FAILED && context->view->populated(context->view) &&
        !context->config->directory.set)
        return false;
    bool refused = recipient.kind == TBL_RECIPIENT_ABSENT ||
                   recipient.kind == TBL_RECIPIENT_TOMBSTONE ||
                   recipient.kind == TBL_RECIPIENT_EMPTY_LIST;
    if (!refused ||
        (recipient.kind == TBL_RECIPIENT_ABSENT && recipient.unknown == TBL_UNKNOWN_ACCEPT))
        return true;
    g_autofree char *remedy = g_strdup_printf("policyctl address add NAME %s", address);
    pd_doctor_find(doctor, PD_DOCTOR_WARNING, "postmaster", remedy,
                   "nobody has %s, which every mail domain must have (RFC 5321 section 4.5.1); "
                   "[addresses] postmaster= answers it in all domains",
                   address);
    return true;
}

/* That of the configuration may have gone since the daemon looked. */
static void
look_at_configured(PdDoctor *doctor)
{
    const TblConfig *config = pd_doctor_config(doctor);
    g_autoptr(GError) cause = NULL;
    if (pd_postmaster_check_begun(config, pd_doctor_snapshot(doctor)->view, &cause))
        return;
    g_autofree char *quoted = g_shell_quote(config->addresses.postmaster);
    g_autofree char *remedy = g_strdup_printf("policyctl address add NAME %s", quoted);
    pd_doctor_find(doctor, PD_DOCTOR_ERROR, "postmaster", remedy,
                   "policyd will not start again, nor take a new configuration: %s",
                   cause->message);
}

bool
pd_doctor_declarations(PdDoctor *doctor, GError **error)
{
    const PdCtlSnapshot *snapshot = pd_doctor_snapshot(doctor);
    TblContext context = pd_ctl_snapshot_context(snapshot);
    g_autoptr(GPtrArray) list = tbl_domains_list(pd_doctor_domains(doctor));
    bool readable = true;
    look_at_configured(doctor);
    for (guint i = 0; i < list->len && readable; i++) {
        const TblDomain *domain = g_ptr_array_index(list, i);
        if (domain->domain_class == TBL_DOMAIN_ROUTE)
            continue;
        if (domain->mirror)
            look_at_mirror(doctor, domain);
        if (domain->catch_all)
            readable = look_at_catch_all(doctor, &context, domain);
        else if (domain->name[0] != '.')
            readable = look_at_postmaster(doctor, &context, domain);
    }
    if (!readable)
        pd_ctl_set_store_failed(snapshot->config, error);
    return readable;
}
