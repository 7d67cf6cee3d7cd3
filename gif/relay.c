#include "gif/relay.h"

#include <pthread.h>

typedef struct {
    const GifRelay *relay;
    pthread_mutex_t mutex; /* for what is below */
    pthread_cond_t changed;
    guint begun, used; /* parts */
    bool *made;        /* of the slots: it holds a part that can be used */
    bool stop;
    guint next_thread;
} Run;

/* With the mutex. False: there is no part to make, or no slot for it. */
static bool
part_make(Run *run, guint thread)
{
    const GifRelay *relay = run->relay;
    guint part = run->begun, slot = part % relay->slots;
    if (run->stop || part == relay->parts || part - run->used >= relay->slots) {
        return false;
    }
    run->begun++;
    pthread_mutex_unlock(&run->mutex);
    relay->make(part, slot, thread, relay->data);
    pthread_mutex_lock(&run->mutex);
    run->made[slot] = true;
    pthread_cond_broadcast(&run->changed);
    return true;
}

static void *
help(void *data)
{
    Run *run = data;
    pthread_mutex_lock(&run->mutex);
    guint thread = ++run->next_thread;
    while (!run->stop && run->begun < run->relay->parts) {
        if (!part_make(run, thread)) {
            pthread_cond_wait(&run->changed, &run->mutex);
        }
    }
    pthread_mutex_unlock(&run->mutex);
    return NULL;
}

/* With the mutex. False: it was used and there shall be no more. */
static bool
part_use(Run *run)
{
    const GifRelay *relay = run->relay;
    guint slot = run->used % relay->slots;
    pthread_mutex_unlock(&run->mutex);
    bool more = relay->use(run->used, slot, relay->data);
    pthread_mutex_lock(&run->mutex);
    run->made[slot] = false;
    run->used++;
    pthread_cond_broadcast(&run->changed);
    return more;
}

bool
gif_relay_run(const GifRelay *relay)
{
    Run run = {.relay = relay, .made = g_new0(bool, relay->slots)};
    guint helpers = MIN(relay->threads, relay->parts), helping = 0;
    g_autofree pthread_t *threads = g_new(pthread_t, helpers + 1);
    bool more = true;
    pthread_mutex_init(&run.mutex, NULL);
    pthread_cond_init(&run.changed, NULL);
    while (helping + 1 < helpers && pthread_create(&threads[helping], NULL, help, &run) == 0) {
        helping++;
    }
    pthread_mutex_lock(&run.mutex);
    while (more && run.used < relay->parts) {
        if (run.made[run.used % relay->slots]) {
            more = part_use(&run);
        } else if (!part_make(&run, 0)) {
            pthread_cond_wait(&run.changed, &run.mutex);
        }
    }
    run.stop = true;
    pthread_cond_broadcast(&run.changed);
    pthread_mutex_unlock(&run.mutex);
    for (guint i = 0; i < helping; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_cond_destroy(&run.changed);
    pthread_mutex_destroy(&run.mutex);
    g_free(run.made);
    return more;
}
