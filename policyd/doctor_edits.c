/* doctor: findings that elements of main.cf put right which are to go, or to be replaced. All such
 * changes are one command: each element's own would bring back what another took out. */
#include "policyd/doctor.h"

typedef struct {
    char *code, *text;
} Finding;

struct PdDoctorEdits {
    GPtrArray *findings;   /* Finding * */
    GPtrArray *parameters; /* char *, in the order of their first change */
    GHashTable *instead; /* "parameter\nelement" -> what stands there from now on, "" for nothing */
};

static void
free_finding(gpointer data)
{
    Finding *finding = data;
    g_free(finding->code);
    g_free(finding->text);
    g_free(finding);
}

PdDoctorEdits *
pd_doctor_edits_new(void)
{
    PdDoctorEdits *edits = g_new0(PdDoctorEdits, 1);
    edits->findings = g_ptr_array_new_with_free_func(free_finding);
    edits->parameters = g_ptr_array_new_with_free_func(g_free);
    edits->instead = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return edits;
}

void
pd_doctor_edits_free(PdDoctorEdits *edits)
{
    g_ptr_array_unref(edits->findings);
    g_ptr_array_unref(edits->parameters);
    g_hash_table_unref(edits->instead);
    g_free(edits);
}

/* Names of domains may be written in capitals. Caller frees. */
static char *
edit_key(const char *parameter, const char *element)
{
    g_autofree char *plain = g_ascii_strdown(element, -1);
    return g_strconcat(parameter, "\n", plain, NULL);
}

bool
pd_doctor_edit(PdDoctor *doctor, const char *parameter, const char *element, const char *instead)
{
    PdDoctorEdits *edits = pd_doctor_edits(doctor);
    g_autoptr(GPtrArray) tokens =
        pd_postfix_split(pd_postfix_config_raw(pd_doctor_postfix(doctor), parameter));
    bool there = false;
    for (guint i = 0; i < tokens->len && !there; i++)
        there = g_ascii_strcasecmp(g_ptr_array_index(tokens, i), element) == 0;
    if (!there)
        return false;
    if (!g_ptr_array_find_with_equal_func(edits->parameters, parameter, g_str_equal, NULL))
        g_ptr_array_add(edits->parameters, g_strdup(parameter));
    g_hash_table_insert(edits->instead, edit_key(parameter, element),
                        g_strdup(instead ? instead : ""));
    return true;
}

void
pd_doctor_find_edit(PdDoctor *doctor, const char *code, const char *format, ...)
{
    Finding *finding = g_new0(Finding, 1);
    va_list arguments;
    va_start(arguments, format);
    finding->code = g_strdup(code);
    finding->text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_add(pd_doctor_edits(doctor)->findings, finding);
}

/* The parameter as it should be: nothing is there twice because of a change. Caller frees. */
static char *
edited_value(PdDoctor *doctor, const char *parameter)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GString) value = g_string_new(NULL);
    g_autoptr(GPtrArray) tokens =
        pd_postfix_split(pd_postfix_config_raw(pd_doctor_postfix(doctor), parameter));
    for (guint i = 0; i < tokens->len; i++) {
        const char *token = g_ptr_array_index(tokens, i);
        g_autofree char *key = edit_key(parameter, token);
        const char *instead = g_hash_table_lookup(pd_doctor_edits(doctor)->instead, key);
        const char *used = instead ? instead : token;
        if (*used && g_hash_table_add(seen, (gpointer)used))
            g_string_append_printf(value, "%s%s", value->len ? ", " : "", used);
    }
    return g_string_free(g_steal_pointer(&value), FALSE);
}

void
pd_doctor_tell_edits(PdDoctor *doctor)
{
    const PdDoctorEdits *edits = pd_doctor_edits(doctor);
    g_autoptr(GString) remedy = g_string_new("postconf -e");
    for (guint i = 0; i < edits->parameters->len; i++) {
        const char *parameter = g_ptr_array_index(edits->parameters, i);
        g_autofree char *value = edited_value(doctor, parameter);
        g_autofree char *line = g_strdup_printf("%s = %s", parameter, value);
        g_autofree char *quoted = g_shell_quote(line);
        g_string_append_printf(remedy, " %s", quoted);
    }
    g_string_append(remedy, " && postfix reload");
    for (guint i = 0; i < edits->findings->len; i++) {
        const Finding *finding = g_ptr_array_index(edits->findings, i);
        pd_doctor_find(doctor, PD_DOCTOR_ERROR, finding->code, remedy->str, "%s", finding->text);
    }
}
