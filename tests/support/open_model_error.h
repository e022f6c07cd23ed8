// What open_model says about a file it refuses. Test code only.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "store/model_files.h"

namespace sluice::testing {

// The message, which must be one printable line. "" and a failure where the model opens.
inline std::string open_model_error(const std::string& path) {
  const auto model = store::open_model(path);
  if (model.ok()) {
    ADD_FAILURE() << path << " opened, but should not";
    return "";
  }
  const std::string& message = model.error().message;
  for (const char c : message) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20) << message;
  EXPECT_LT(message.size(), 1000u);
  return message;
}

}  // namespace sluice::testing
