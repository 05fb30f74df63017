// Pictures to ask about, made up: the same seed gives the same picture, another seed another one.
#pragma once

#include <string>

namespace plimsoll::bench {

/// A JPEG of this size, in pixels. Ends this program when libvips can not make one.
std::string jpeg_picture(int width, int height, unsigned seed);

inline constexpr int kPictureWidth = 640;
inline constexpr int kPictureHeight = 480;

}  // namespace plimsoll::bench
