/*
 * encoder_object.h
 *		What the encoder's own files share with one another, and with nobody else.
 */
#ifndef NEUROENC_ENCODER_OBJECT_H
#define NEUROENC_ENCODER_OBJECT_H

#include "encoding/encoder.h"

/* encoder_io.c */
extern const ExpandedObjectMethods encoder_expanded_methods;

#endif							/* NEUROENC_ENCODER_OBJECT_H */
