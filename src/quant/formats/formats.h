// One decode function a format, of the signature of Format::decode_row, and where there is one its split function, of that
// of Format::split_row; format.cc puts them into the table.
#pragma once

#include <cstdint>

#include "quant/format.h"

namespace sluice::quant {

using DecodeRow = void(const Matrix& m, int64_t r, float* out);

DecodeRow decode_f32, decode_f16, decode_bf16, decode_fp8_e4m3;                          // plain.cc
DecodeRow decode_q8_0, decode_q4_0, decode_q4_1, decode_q5_0, decode_q5_1;               // legacy.cc
DecodeRow decode_q2_k, decode_q3_k;                                                      // k_quants_low.cc
DecodeRow decode_q4_k, decode_q5_k, decode_q6_k;                                         // k_quants.cc
DecodeRow decode_iq4_nl, decode_iq4_xs;                                                  // iq4.cc
DecodeRow decode_iq2_xxs, decode_iq2_xs, decode_iq2_s;                                   // iq2.cc
DecodeRow decode_iq3_xxs, decode_iq3_s;                                                  // iq3.cc
DecodeRow decode_iq1_s, decode_iq1_m;                                                    // iq1.cc
DecodeRow decode_mxfp4;                                                                  // mxfp4.cc
DecodeRow decode_mlx2, decode_mlx3, decode_mlx4, decode_mlx5, decode_mlx6, decode_mlx8;  // mlx.cc

using SplitRow = void(const Matrix& m, int64_t r, const Integers& out);

SplitRow split_q8_0, split_q4_0, split_q4_1, split_q5_0, split_q5_1;             // legacy.cc
SplitRow split_q2_k, split_q3_k, split_q4_k, split_q5_k, split_q6_k;             // k_quants_low.cc, k_quants.cc
SplitRow split_iq4_nl, split_iq4_xs, split_mxfp4, split_mlx4, split_mlx8;        // iq4.cc, mxfp4.cc, mlx.cc

}  // namespace sluice::quant
