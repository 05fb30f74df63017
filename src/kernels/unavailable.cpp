// For builds and machines without the fast kernels: available() says so, and nobody calls these.
#include <cstdlib>

#include "kernels/attention.h"
#include "kernels/pack_row.h"
#include "kernels/q8_product.h"
#include "kernels/rows.h"

namespace plimsoll::kernels {

PackedRow pack_row_int8_fast(const float*, int, std::byte*) { std::abort(); }
std::size_t prepared_bytes(Precision, int, int) { std::abort(); }
PreparedRows lay_out_prepared(Precision, int, int, std::byte*) { std::abort(); }
void prepare_row(const PreparedRows&, int, const float*, int) { std::abort(); }
void layer_norm(const float*, const float*, const float*, float, int, float*) { std::abort(); }
void multiply(const PackedMatrix&, const PreparedRows&, int, const Product&) { std::abort(); }
void multiply(const PackedMatrix&, const PreparedRows&, int, const HalfProduct&) { std::abort(); }
std::size_t q8_product_bytes(int, int) { std::abort(); }
void q8_product(const Q8Weights&, int, int, const Rows&, float*, std::size_t, std::byte*) { std::abort(); }
float query_factor(int) { std::abort(); }
std::size_t attention_bytes(const AttentionShape&) { std::abort(); }
void attend(const AttentionShape&, int, const std::uint16_t*, float*, std::byte*) { std::abort(); }

}  // namespace plimsoll::kernels
