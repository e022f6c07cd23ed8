#include "serve/page.h"

#include "serve/routes.h"

namespace sluice::serve {
namespace {

// Everything from here and nothing from elsewhere: no outside address, no inline script or style, no text made into markup
// (Trusted Types, where the browser has them), no other page around it.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

}  // namespace

HttpResponse page(Service&, const HttpRequest& request, Peer&) {
  for (const Asset& asset : assets()) {
    if (asset.path != request.path) continue;
    HttpResponse out{200, std::string(asset.type), std::string(asset.bytes), {}};
    // Asked for again each time, and sent again only after an upgrade of the program.
    out.headers = {{"Cache-Control", "no-cache"},
                   {"ETag", std::string(asset.tag)},
                   {"Content-Security-Policy", std::string(kPolicy)},
                   {"Referrer-Policy", "no-referrer"},
                   {"X-Frame-Options", "DENY"},
                   {"Cross-Origin-Opener-Policy", "same-origin"}};
    if (request.if_none_match.find(asset.tag) != std::string::npos) {
      out.status = 304;
      out.type.clear();
      out.body.clear();
    }
    return out;
  }
  return wire_error(Dialect::openai, {404, "there is no such file of the page"});
}

}  // namespace sluice::serve
