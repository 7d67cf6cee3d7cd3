/*
 * policyctl doctor: what is wrong with a store, its daemon and the Postfix in front of it, each
 * with the command that puts it right. The rooms look, and say what they find; one thread. Linear
 * in the number of objects.
 */
#pragma once

#include "policyd/ctl.h"
#include "policyd/postfix_config.h"

typedef struct PdDoctor PdDoctor;
typedef struct PdDoctorEdits PdDoctorEdits;

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

/* ---- Changes of main.cf ---- */

/* An element of a parameter is to be replaced, or to go (`instead` NULL); the next function says
 * why. False, and nothing noted: the parameter does not name it itself, but through a $name or a
 * file. */
bool pd_doctor_edit(PdDoctor *doctor, const char *parameter, const char *element,
                    const char *instead);
/* An error whose remedy is the command that makes all changes noted until pd_doctor_tell_edits. */
void pd_doctor_find_edit(PdDoctor *doctor, const char *code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
void pd_doctor_tell_edits(PdDoctor *doctor);

PdDoctorEdits *pd_doctor_edits_new(void); /* of pd_doctor_new */
void pd_doctor_edits_free(PdDoctorEdits *edits);
PdDoctorEdits *pd_doctor_edits(const PdDoctor *doctor);

/* ---- Other commands that help; caller frees ---- */

/* Takes a name out of the files and tables of a list of main.cf; where that cannot be, shows the
 * list. */
char *pd_doctor_unlist_remedy(const PdDoctor *doctor, const char *parameter, const char *name);
/* Makes a table's index anew from its text where there is one (postmap(1)); else shows what
 * fails. */
char *pd_doctor_table_remedy(const char *table);
/* Lets Postfix's user connect to the socket at `path`. */
char *pd_doctor_denied_remedy(const PdDoctor *doctor, const char *path);
/* Names our socket in place of `spelt` for the policy service in an -o of master.cf. postconf -P
 * takes no blanks, so where there are some it only shows the place. */
char *pd_doctor_service_remedy(const PdDoctor *doctor, const PdPostfixService *service,
                               const char *spelt);

/* ---- What is looked at ---- */

const PdCtlSnapshot *pd_doctor_snapshot(const PdDoctor *doctor);
const TblConfig *pd_doctor_config(const PdDoctor *doctor);
const PdPostfixConfig *pd_doctor_postfix(const PdDoctor *doctor); /* NULL: none is installed */
const TblDomains *pd_doctor_domains(const PdDoctor *doctor);      /* never NULL */

/* ---- The rooms ---- */

/* The daemon, TEMP on purpose of nobody, readers that keep old pages. */
void pd_doctor_health(PdDoctor *doctor);

/* These are false with `error` where the store fails. */
/* Declarations: catch-alls, mirrors, postmasters. */
bool pd_doctor_declarations(PdDoctor *doctor, GError **error);
/* Every object: mail with nowhere to go, lists, cycles, references, logins, rules. */
bool pd_doctor_objects(PdDoctor *doctor, GError **error);
/* What main.cf does not ask policyd for. */
bool pd_doctor_unasked(PdDoctor *doctor, GError **error);
/* What main.cf and master.cf say. */
void pd_doctor_main(PdDoctor *doctor);
/* Every socket that main.cf names, from where Postfix's daemons are. */
void pd_doctor_sockets(PdDoctor *doctor);
