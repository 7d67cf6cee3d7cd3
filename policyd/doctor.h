/*
 * policyctl doctor: what is wrong with a store, its daemon and the Postfix in front of it, each
 * with the command that puts it right. The rooms look, and say what they find; one thread. Linear
 * in the number of objects.
 */
#pragma once

#include "policyd/ctl.h"
#include "policyd/postfix_config.h"

typedef struct PdDoctor PdDoctor;

typedef enum {
    PD_DOCTOR_ERROR,   /* mail is lost, refused or deferred */
    PD_DOCTOR_WARNING, /* something does not do what it seems to */
} PdDoctorSeverity;

/* As JSON every finding is shown, as text the first of each code and how many more there are. */
PdDoctor *pd_doctor_new(const PdCtlSnapshot *snapshot, const PdPostfixConfig *postfix,
                        bool as_json);
/* Prints what is left to say; the number of findings. */
guint64 pd_doctor_free(PdDoctor *doctor);

/* One finding: a code such as "two-classes", the command that helps, and a sentence. */
void pd_doctor_find(PdDoctor *doctor, PdDoctorSeverity severity, const char *code,
                    const char *remedy, const char *format, ...) G_GNUC_PRINTF(5, 6);

const PdCtlSnapshot *pd_doctor_snapshot(const PdDoctor *doctor);
const TblConfig *pd_doctor_config(const PdDoctor *doctor);
const PdPostfixConfig *pd_doctor_postfix(const PdDoctor *doctor); /* NULL: none is installed */
const TblDomains *pd_doctor_domains(const PdDoctor *doctor);      /* never NULL */

/* ---- The rooms ---- */

/* The daemon, TEMP on purpose of nobody, readers that keep old pages. */
void pd_doctor_health(PdDoctor *doctor);

/* The next three are false with `error` where the store fails. */
/* Declarations: catch-alls, mirrors, postmasters. */
bool pd_doctor_declarations(PdDoctor *doctor, GError **error);
/* Every object: mail with nowhere to go, lists, cycles, references, logins, rules. */
bool pd_doctor_objects(PdDoctor *doctor, GError **error);
/* main.cf and master.cf. */
bool pd_doctor_main(PdDoctor *doctor, GError **error);
/* Every socket that main.cf names, from where Postfix's daemons are. */
void pd_doctor_sockets(PdDoctor *doctor);
