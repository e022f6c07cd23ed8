// What it means that the hub refuses: 401, 403, 404.
#pragma once

#include <string>

#include "hub/connection.h"
#include "sluice/status.h"

namespace sluice::hub {

bool is_denied(const Reply& reply);

// REQUIRES: is_denied(reply). `what` was asked for; the message says what to do.
Error denied(const Access& access, const std::string& what, const Reply& reply);

}  // namespace sluice::hub
