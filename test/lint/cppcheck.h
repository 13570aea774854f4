/*
 * What cppcheck, which reads none of PostgreSQL's headers, needs to know of
 * them: what does not come back.
 */
#define ERROR 21
#define _Noreturn __attribute__((noreturn))
_Noreturn void abort(void);
#define ereport(level, ...) do { __VA_ARGS__; if ((level) >= ERROR) abort(); } while (0)
#define elog(level, ...) do { if ((level) >= ERROR) abort(); } while (0)
