#include "serve/guard.h"

#include <gtest/gtest.h>

#include "serve/routes.h"

namespace sluice::serve {
namespace {

GuardOptions options_with(const std::string& key = "", const std::vector<std::string>& origins = {}) { return {true, key, origins, 1000}; }

RequestHead get(const std::string& path) {
  RequestHead head;
  head.method = "GET";
  head.path = path;
  head.host = "localhost:8080";
  return head;
}

RequestHead post(const std::string& path) {
  RequestHead head = get(path);
  head.method = "POST";
  head.content_type = "application/json";
  head.content_length = "10";
  return head;
}

// 0: nothing against it.
int status_of(const RequestHead& head, const GuardOptions& options = options_with()) {
  const auto response = refuse(head, options);
  return response ? response->status : 0;
}

TEST(Guard, NamesOfThisMachine) {
  for (const char* name : {"localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8080", "127.9.9.9", "::1", "[::1]", "[::1]:8080"}) EXPECT_TRUE(is_loopback_name(name)) << name;
  for (const char* name : {"", "localhost.evil.example", "evil.example", "127.0.0.1.evil.example", "127.evil", "128.0.0.1", "0.0.0.0", "[::2]", "[::1", "localhos", "127", "1"}) {
    EXPECT_FALSE(is_loopback_name(name)) << name;
  }
}

TEST(Guard, AnotherNameIsRefusedWhereOnlyThisMachineIsServed) {
  RequestHead head = get("/health");
  head.host = "evil.example";
  EXPECT_EQ(status_of(head), 403);
  GuardOptions open = options_with();
  open.loopback = false;
  EXPECT_EQ(status_of(head, open), 0);
  head.host = "";  // HTTP/1.0: no page can send it
  EXPECT_EQ(status_of(head), 0);
}

TEST(Guard, EqualInConstantTimeIsEquality) {
  const std::string words[] = {"", "a", "b", "aa", "ab", "aaaa", "secret", "secreT", "secret1", "secretsecret", std::string("\0", 1), std::string("a\0", 2)};
  for (const std::string& a : words) {
    for (const std::string& b : words) EXPECT_EQ(equal_in_constant_time(a, b), a == b) << a << " and " << b;
  }
}

TEST(Guard, EveryRouteButTheOpenOnesAsksForTheKey) {
  const GuardOptions options = options_with("secret-1");
  for (const Route& route : routes()) {
    RequestHead head = route.method == "GET" ? get(std::string(route.path)) : post(std::string(route.path));
    EXPECT_EQ(status_of(head, options), route.open ? 0 : 401) << route.path;
    for (const char* wrong : {"", "secret-2", "secret", "secret-11", "secret-1secret-1", "Bearer secret-1"}) {
      head.x_api_key = wrong;
      EXPECT_EQ(status_of(head, options), route.open ? 0 : 401) << route.path << " " << wrong;
    }
    head.x_api_key = "secret-1";
    EXPECT_EQ(status_of(head, options), 0) << route.path;
    head.x_api_key = "";
    for (const auto& [words, status] : {std::pair{"Bearer secret-1", 0}, {"bearer secret-1", 0}, {"Bearer secret-2", 401}, {"Bearer ", 401}, {"Bearer", 401}, {"secret-1", 401}, {"Basic secret-1", 401}}) {
      head.authorization = words;
      EXPECT_EQ(status_of(head, options), route.open ? 0 : status) << route.path << " " << words;
    }
    EXPECT_EQ(status_of(head, options_with()), 0) << "no key is set: " << route.path;
  }
}

TEST(Guard, AWrongBearerIsNotSavedByAnotherHeader) {
  RequestHead head = get("/v1/models");
  head.authorization = "Bearer wrong";
  head.x_api_key = "secret-1";
  const auto response = refuse(head, options_with("secret-1"));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->headers.at(0), (std::pair<std::string, std::string>("WWW-Authenticate", "Bearer")));
  EXPECT_EQ(response->body, R"({"error": {"message": "the API key is missing or wrong", "type": "authentication_error", "param": null, "code": null}})");
}

TEST(Guard, PathsAndMethods) {
  for (const char* path : {"/nothing", "/etc/passwd", "/../etc/passwd", "/v1/models/", "/v1/models/../x", "//v1/models", ""}) EXPECT_EQ(status_of(get(path)), 404) << path;
  for (const Route& route : routes()) {
    RequestHead head = post(std::string(route.path));
    for (const char* method : {"DELETE", "PUT", "PATCH", "BREW", ""}) {
      head.method = method;
      const auto response = refuse(head, options_with());
      ASSERT_TRUE(response) << route.path << method;
      EXPECT_EQ(response->status, 405);
      EXPECT_EQ(response->headers.back(), (std::pair<std::string, std::string>("Allow", methods_of(route.path) + ", OPTIONS")));
    }
    head.method = route.method == "GET" ? "HEAD" : "OPTIONS";
    EXPECT_EQ(status_of(head), route.method == "GET" ? 0 : 204) << route.path;
  }
}

TEST(Guard, BodiesAreJudgedByTheirHead) {
  auto with = [](std::string type, std::string encoding, std::string length) {
    RequestHead head = post("/v1/messages");
    head.content_type = std::move(type);
    head.content_encoding = std::move(encoding);
    head.content_length = std::move(length);
    return status_of(head);
  };
  EXPECT_EQ(with("application/json", "", "1000"), 0);
  EXPECT_EQ(with("Application/JSON ; charset=utf-8", "identity", ""), 0);
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "application/json-patch+json", "multipart/form-data"}) EXPECT_EQ(with(type, "", "1"), 415) << type;
  for (const char* encoding : {"gzip", "br", "identity, gzip"}) EXPECT_EQ(with("application/json", encoding, "1"), 415) << encoding;
  for (const char* length : {"1001", "18446744073709551615"}) EXPECT_EQ(with("application/json", "", length), 413) << length;
  for (const char* length : {"x", "-1", "1x", " 1", "18446744073709551616"}) EXPECT_EQ(with("application/json", "", length), 400) << length;
}

TEST(Guard, PagesReadOnlyWhereTheyAreNamed) {
  EXPECT_TRUE(cors_headers("http://a.example", options_with()).empty());
  EXPECT_TRUE(cors_headers("", options_with("", {"*"})).empty());
  EXPECT_EQ(cors_headers("http://a.example", options_with("", {"*"})).at(0).second, "*");
  const GuardOptions one = options_with("", {"http://a.example"});
  EXPECT_EQ(cors_headers("http://a.example", one).at(0).second, "http://a.example");
  for (const char* other : {"http://a.example:80", "https://a.example", "http://b.example", "null", "http://a.example.evil"}) EXPECT_TRUE(cors_headers(other, one).empty()) << other;
  RequestHead head = post("/v1/messages");
  head.method = "OPTIONS";
  head.origin = "http://b.example";
  EXPECT_EQ(refuse(head, one)->headers.at(0).first, "Allow");
}

}  // namespace
}  // namespace sluice::serve
