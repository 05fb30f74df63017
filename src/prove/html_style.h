// How the report looks: on a light or a dark screen, narrow or wide, and on paper.
#pragma once

#include <string_view>

namespace plimsoll::prove {

/// The content of the page's <style>. Fetches nothing, fonts included.
std::string_view html_style();

}  // namespace plimsoll::prove
