#include "kernels/avx512.h"
#include "kernels/pack_row.h"

namespace plimsoll::kernels {

PackedRow pack_row_int8_fast(const float* weights, int inputs, std::byte* first_step) {
  const __m512 sign = _mm512_set1_ps(-0.0F);
  __m512 most = _mm512_setzero_ps();
  for (int i = 0; i < inputs; i += kLanes) {
    most = _mm512_max_ps(
        most, _mm512_andnot_ps(sign, _mm512_maskz_loadu_ps(lanes_below(inputs - i, 0), weights + i)));
  }
  const float largest = _mm512_reduce_max_ps(most);
  const __m512 inverse = _mm512_set1_ps(largest > 0 ? 127 / largest : 0);
  __m512i sums = _mm512_setzero_si512();
  std::byte* out = first_step;
  for (int i = 0; i < inputs; i += kLanes) {
    const __m512 x = _mm512_maskz_loadu_ps(lanes_below(inputs - i, 0), weights + i);
    const __m512i whole = _mm512_cvtps_epi32(_mm512_mul_ps(x, inverse));
    sums = _mm512_add_epi32(sums, whole);
    int steps_of_four[4];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(steps_of_four), _mm512_cvtepi32_epi8(whole));
    for (int s = 0; s < 4 && i + s * 4 < inputs; ++s, out += kPanelOutputs * kStepBytes) {
      __builtin_memcpy(out, steps_of_four + s, kStepBytes);
    }
  }
  return {largest / 127, static_cast<float>(_mm512_reduce_add_epi32(sums))};
}

}  // namespace plimsoll::kernels
