/*
 * PostgreSQL's sizes of a memory context's blocks, as the Size that they are
 * passed as: else each AllocSetContextCreate would be reported as an int
 * product that is widened late.
 */
#include "postgres.h"
#include "utils/memutils.h"

#undef ALLOCSET_DEFAULT_INITSIZE
#undef ALLOCSET_DEFAULT_MAXSIZE
#undef ALLOCSET_SMALL_INITSIZE
#undef ALLOCSET_SMALL_MAXSIZE
#define ALLOCSET_DEFAULT_INITSIZE ((Size) 8 * 1024)
#define ALLOCSET_DEFAULT_MAXSIZE ((Size) 8 * 1024 * 1024)
#define ALLOCSET_SMALL_INITSIZE ((Size) 1 * 1024)
#define ALLOCSET_SMALL_MAXSIZE ((Size) 8 * 1024)
