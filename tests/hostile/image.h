/* SPDX-License-Identifier: MIT */
/* The image of a case: the hostile shell with the case at its end */
#ifndef QDA_HOSTILE_IMAGE_H
#define QDA_HOSTILE_IMAGE_H

#include <stdbool.h>

/* the case with dir for @DIR@; to be freed; NULL: errno says why */
char *image_read_case(const char *path, const char *dir);
/* false: errno says why */
bool image_write(const char *path, const char *shell, const char *text);

#endif
