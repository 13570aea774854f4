/*
 * client_detail.h
 *		The detail of an error that holds values of rows: told to the client,
 *		kept from the server's log.
 *
 * Elements, labels and ids are data, and others read the log than may read the
 * tables.  So a message says what is wrong and where (row, element, position),
 * and the value stands in a detail made here.  What a call's options were
 * (k, alpha, a metric's name), shapes and counts may stand in the message.
 *
 * A parallel worker's error is raised again in its leader, which is told only
 * what a client is told, and logs it.  So a worker's detail has no values.
 */
#ifndef NEUROENC_CLIENT_DETAIL_H
#define NEUROENC_CLIENT_DETAIL_H

#include "postgres.h"

#include "access/parallel.h"

#define errdetail_client(...) \
	(IsParallelWorker() ? errdetail("A parallel worker does not tell values. Without parallel workers they are told.") \
	 : errdetail(__VA_ARGS__)), \
	errdetail_log("Values are told to the client only.")

#endif							/* NEUROENC_CLIENT_DETAIL_H */
