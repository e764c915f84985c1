/* SPDX-License-Identifier: MIT */
/* What DSPs are called, by the number that firmware and file names use. */
#ifndef QDA_DOMAINS_H
#define QDA_DOMAINS_H

#define QDA_DOMAINS \
	"adsp", "mdsp", "sdsp", "cdsp", "cdsp1", "gdsp0", "gdsp1"

#endif
