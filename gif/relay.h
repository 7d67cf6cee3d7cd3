/*
 * Work in parts that any of a few threads can make and that are used in their order: what comes out
 * does not depend on the threads. A ring of slots bounds how far making runs ahead.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    guint parts;
    guint threads; /* at most so many, the caller's included */
    guint slots;   /* parts that may be made and not yet used */
    /* Makes a part in a slot that nobody uses; any thread, with its number from 0 (the caller's).
     */
    void (*make)(guint part, guint slot, guint thread, gpointer data);
    /* Uses it; the caller's thread, part after part. False: no more. */
    bool (*use)(guint part, guint slot, gpointer data);
    gpointer data;
} GifRelay;

/* To the last part, or to the first that `use` says no to: false then. The caller's thread makes
 * parts as well while none can be used, and all of them where the system gives no other. */
bool gif_relay_run(const GifRelay *relay);
