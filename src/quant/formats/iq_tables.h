// Codebooks of the IQ and MXFP4 formats. Written by tools/make_iq_tables.py: do not edit.
// The numbers are from ggml (https://github.com/ggml-org/ggml): Copyright (c) 2023-2026 The ggml authors, MIT licence.
//
// Each grid entry packs 8 (uint64_t) or 4 (uint32_t) values, one a byte, lowest byte first; those of kIq1SGrid are
// signed. kIq2Signs maps 7 sign bits to 8, the last of which makes the number of minus signs even. kFp4Values holds
// doubled E2M1 values.
#pragma once

#include <cstdint>

namespace sluice::quant {

extern const uint8_t kIq2Signs[128];
extern const uint64_t kIq2XxsGrid[256];
extern const uint64_t kIq2XsGrid[512];
extern const uint64_t kIq2SGrid[1024];
extern const uint32_t kIq3XxsGrid[256];
extern const uint32_t kIq3SGrid[512];
extern const uint64_t kIq1SGrid[2048];
extern const int8_t kIq4NlValues[16];
extern const int8_t kFp4Values[16];

}  // namespace sluice::quant
