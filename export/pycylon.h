/* pycylon's C ABI. A dozen calls that stay the same as operators are added: what to compute travels as JSON, rows
 * travel as Arrow C streams.
 *
 * Every call that can fail returns a code (0 is success; the numbers are gocore/base/status.Code) and fills *err,
 * which the caller zeroes first and clears with pcy_error_clear. Strings handed out are freed with pcy_string_free.
 *
 * A handle is a slot and a generation: a stale, foreign or twice closed one is an error, never another's object.
 * In a child that was forked after the library was loaded every call returns PCY_FORKED without entering Go, whose
 * runtime doesn't survive a fork; release callbacks of arrays that were lent out do nothing there.
 */
#ifndef PYCYLON_H
#define PYCYLON_H

#include <stddef.h>
#include <stdint.h>

#include "arrow_abi.h"

#define PCY_ABI_VERSION 1
#define PCY_PENDING (-1) /* pcy_wait: not finished yet */
#define PCY_FORKED 17    /* status.Forked */

typedef uintptr_t pcy_handle; /* 0 is none */

typedef struct {
  int32_t code;
  int32_t rank;  /* the rank it happened on, -1 where ranks play no part */
  char *op;      /* as the user knows it; may be NULL */
  char *message; /* what happened and what to do */
} pcy_error;

/* The version of this header, the version of the library ("0.1.0"), and the name of a status code (NULL past the last). */
int32_t pcy_abi_version(void);
const char *pcy_version(void);
const char *pcy_code_name(int32_t code);

void pcy_error_clear(pcy_error *err);
void pcy_string_free(char *string);

/* Sets the process's settings: {"threads": 2, "memory_limit": 0, "temp_dir": "", "disk_limit": 0}. */
int32_t pcy_configure(const char *json, size_t n, pcy_error *err);

/* Starts to join a job: the operation's result is an environment. pcy_env_describe writes JSON. */
int32_t pcy_env_open(const char *json, size_t n, pcy_handle *op, pcy_error *err);
int32_t pcy_env_describe(pcy_handle env, char **json, pcy_error *err);

/* Pulls the whole stream and releases it, also on an error; its arrays are kept as they are, or copied. */
int32_t pcy_table_import(struct ArrowArrayStream *stream, int32_t copy, pcy_handle *table, pcy_error *err);
/* Fills *stream with the table's batches. They keep their memory alive; the table may be freed. */
int32_t pcy_table_export(pcy_handle table, struct ArrowArrayStream *stream, pcy_error *err);
/* {"schema": [{"name", "type", "nullable"}], "rows", "batches"} */
int32_t pcy_table_info(pcy_handle table, char **json, pcy_error *err);
/* The bytes that the rows take: reads the size of every string. */
int32_t pcy_table_bytes(pcy_handle table, int64_t *bytes, pcy_error *err);

/* Starts a plan on tables in env (0: this process alone) and waits for it for at most 200 us. */
int32_t pcy_start(pcy_handle env, const char *json, size_t n, const pcy_handle *tables, int32_t ntables,
                  const char *site, pcy_handle *op, pcy_error *err);
/* Starts a call of a communicator: {"kind", "site", "args", ...}; calls take effect in the order of their starts. Its
 * result is messages, read with pcy_message. It needs an environment: with 0 it is Closed. data is lent until the operation
 * and the messages are freed, and the operation has ended. With "nowait" it returns at once, otherwise it waits for at most
 * 200 us. */
int32_t pcy_collective(pcy_handle env, const char *json, size_t n, const void *data, size_t len, pcy_handle *op,
                       pcy_error *err);
/* Waits for timeout_ms (< 0: for good). Takes the operation's result out of it: PCY_PENDING, or the outcome. */
int32_t pcy_wait(pcy_handle op, int64_t timeout_ms, pcy_handle *result, char **info, pcy_error *err);
int32_t pcy_cancel(pcy_handle op);
/* Copies message i into buffer, which has the size that the operation's info said. */
int32_t pcy_message(pcy_handle messages, int32_t i, void *buffer, size_t n, pcy_error *err);

/* Starts a long-lived service; pcy_free stops it. A service that ends at once gives no handle, only info. */
int32_t pcy_service_start(const char *json, size_t n, pcy_handle *service, char **info, pcy_error *err);

/* Takes the events since the last call, in env (0: of plans in this process alone), as JSON lines; NULL where there are
 * none. */
int32_t pcy_events(pcy_handle env, char **lines, pcy_error *err);

/* Frees what the handle stands for. An operation that still runs is cancelled; an environment is closed. */
int32_t pcy_free(pcy_handle handle);

/* Ends calls to foreign release callbacks, which need an interpreter: call it before the interpreter ends. */
void pcy_shutdown(void);

/* The destructor of a PyCapsule around an ArrowArrayStream from PyMem_RawCalloc: releases and frees it. */
void pcy_stream_capsule_free(void *capsule);

#endif
