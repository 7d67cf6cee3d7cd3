#include "policyd/doctor.h"

#include <stdio.h>
#include <string.h>

/* So many findings of a code are shown to people. */
#define SHOWN_MAX 20

struct PdDoctor {
    const PdCtlSnapshot *snapshot;
    const PdPostfixConfig *postfix;
    PdDoctorEdits *edits;
    TblDomains *none; /* where there is no store */
    bool as_json;
    GHashTable *counts; /* code -> guint64 * */
    GPtrArray *codes;   /* char *, in the order of their first finding; of `counts` */
    guint64 total;
    GString *line;
};

PdDoctor *
pd_doctor_new(const PdCtlSnapshot *snapshot, const PdPostfixConfig *postfix, bool as_json)
{
    PdDoctor *doctor = g_new0(PdDoctor, 1);
    doctor->snapshot = snapshot;
    doctor->postfix = postfix;
    doctor->edits = pd_doctor_edits_new();
    doctor->none = tbl_domains_new();
    doctor->as_json = as_json;
    doctor->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    doctor->codes = g_ptr_array_new();
    doctor->line = g_string_new(NULL);
    return doctor;
}

guint64
pd_doctor_free(PdDoctor *doctor)
{
    guint64 total = doctor->total;
    for (guint i = 0; !doctor->as_json && i < doctor->codes->len; i++) {
        const char *code = g_ptr_array_index(doctor->codes, i);
        guint64 count = *(const guint64 *)g_hash_table_lookup(doctor->counts, code);
        if (count > SHOWN_MAX)
            printf("%" G_GUINT64_FORMAT " more of %s; --json shows all\n", count - SHOWN_MAX, code);
    }
    g_ptr_array_unref(doctor->codes);
    g_hash_table_unref(doctor->counts);
    g_string_free(doctor->line, TRUE);
    pd_doctor_edits_free(doctor->edits);
    tbl_domains_free(doctor->none);
    g_free(doctor);
    return total;
}

/* Counts one more; how many there are. */
static guint64
count_code(PdDoctor *doctor, const char *code)
{
    guint64 *count = g_hash_table_lookup(doctor->counts, code);
    if (!count) {
        char *name = g_strdup(code);
        count = g_new0(guint64, 1);
        g_hash_table_insert(doctor->counts, name, count);
        g_ptr_array_add(doctor->codes, name);
    }
    doctor->total++;
    return ++*count;
}

void
pd_doctor_find(PdDoctor *doctor, PdDoctorSeverity severity, const char *code, const char *remedy,
               const char *format, ...)
{
    const char *word = severity == PD_DOCTOR_ERROR ? "error" : "warning";
    if (count_code(doctor, code) > SHOWN_MAX && !doctor->as_json)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (!doctor->as_json) {
        printf("%s: %s (%s)\n    %s\n", word, text, code, remedy);
        return;
    }
    TblJson json;
    g_string_truncate(doctor->line, 0);
    tbl_json_begin(&json, doctor->line);
    tbl_json_text(&json, "severity", word);
    tbl_json_text(&json, "code", code);
    tbl_json_text(&json, "text", text);
    tbl_json_text(&json, "remedy", remedy);
    tbl_json_end(&json);
    puts(doctor->line->str);
}

PdDoctorEdits *
pd_doctor_edits(const PdDoctor *doctor)
{
    return doctor->edits;
}

const PdCtlSnapshot *
pd_doctor_snapshot(const PdDoctor *doctor)
{
    return doctor->snapshot;
}

const TblConfig *
pd_doctor_config(const PdDoctor *doctor)
{
    return doctor->snapshot->config;
}

const PdPostfixConfig *
pd_doctor_postfix(const PdDoctor *doctor)
{
    return doctor->postfix;
}

const TblDomains *
pd_doctor_domains(const PdDoctor *doctor)
{
    const TblDomains *domains = doctor->snapshot->view->domains(doctor->snapshot->view);
    return domains ? domains : doctor->none;
}
