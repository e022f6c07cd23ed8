// The table of routes against a running server on the demo model, and against docs/serve.md.
#include "serve/http_server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <thread>

#include "serve/routes.h"

namespace sluice::serve {
namespace {

// The least that each route answers.
const std::map<std::string, std::string, std::less<>> kBodies = {
    {"/v1/chat/completions", R"({"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1})"},
    {"/v1/completions", R"({"prompt": "Hello", "max_tokens": 1})"},
    {"/v1/responses", R"({"input": "Hello", "max_output_tokens": 1})"},
    {"/v1/messages", R"({"max_tokens": 1, "messages": [{"role": "user", "content": "Hello"}]})"},
};

std::string documentation() {
  std::ifstream in(SLUICE_SOURCE_DIR "/docs/serve.md");
  return {std::istreambuf_iterator<char>(in), {}};
}

class Server : public ::testing::Test {
 protected:
  void SetUp() override {
    EngineOptions options;
    options.model = SLUICE_SOURCE_DIR "/models/demo.gguf";
    options.threads = 2;
    auto engine = Engine::open(options);
    ASSERT_TRUE(engine.ok()) << engine.error().message;
    auto scheduler = Scheduler::start(std::move(engine).value(), {});
    ASSERT_TRUE(scheduler.ok()) << scheduler.error().message;
    scheduler_ = std::move(scheduler).value();
    service_.reset(new Service{*scheduler_, "demo", {}, 0, {}});
    HttpOptions http;
    http.port = 0;
    auto server = HttpServer::bind(http, *service_);
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(server).value();
  }
  void TearDown() override {
    if (server_) server_->stop();
    if (serving_.joinable()) serving_.join();
  }
  void run() {
    serving_ = std::thread([this] { server_->run(); });
  }

  // All the server sends until it closes; nothing where it is silent for 60 s.
  std::string ask(const Route& route, const std::string& body, const std::string& headers = "") const {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    const timeval patience{60, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(server_->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string out;
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      std::string head = std::string(route.method) + " " + std::string(route.path) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers;
      if (!body.empty()) head += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
      const std::string all = head + "\r\n" + body;
      char bytes[4096];
      ssize_t got = ::send(socket, all.data(), all.size(), MSG_NOSIGNAL);
      while (got > 0) {
        do got = ::recv(socket, bytes, sizeof bytes, 0);
        while (got < 0 && errno == EINTR);
        if (got > 0) out.append(bytes, static_cast<size_t>(got));
      }
    }
    ::close(socket);
    return out;
  }

  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<HttpServer> server_;
  std::thread serving_;
};

TEST(Routes, EachIsInTheDocumentsTable) {
  const std::string text = documentation();
  const std::string table = text.substr(text.find("| route |"), text.find("\n\n", text.find("| route |")) - text.find("| route |"));
  for (const Route& route : routes()) {
    const size_t row = table.find("| " + std::string(route.method) + " ");
    ASSERT_NE(row, std::string::npos) << route.method;
    bool found = false;
    for (size_t at = table.find(route.path); at != std::string::npos; at = table.find(route.path, at + 1)) {
      const size_t end = at + route.path.size();
      found |= end == table.size() || table[end] == ' ' || table[end] == ',';
    }
    const std::string folder(route.path.substr(0, route.path.rfind('/') + 1));
    found |= folder != "/" && table.find(folder + "*") != std::string::npos;  // files that are listed together
    EXPECT_TRUE(found) << "docs/serve.md does not list " << route.path;
  }
}

TEST(Routes, EachIsFoundByItsOwnNameOnly) {
  for (const Route& route : routes()) {
    EXPECT_EQ(find_route(route.method, route.path), &route);
    EXPECT_EQ(find_route("PUT", route.path), nullptr);
    EXPECT_NE(methods_of(route.path).find(route.method), std::string::npos);
  }
}

TEST_F(Server, EachRouteAnswers) {
  run();
  for (const Route& route : routes()) {
    const auto body = kBodies.find(route.path);
    ASSERT_EQ(route.method == "POST", body != kBodies.end()) << "this test has no body for " << route.path;
    const std::string answer = ask(route, route.method == "POST" ? body->second : "");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << route.path << ": " << answer;
    EXPECT_NE(answer.find("X-Content-Type-Options: nosniff"), std::string::npos) << route.path;
    EXPECT_GT(answer.size(), answer.find("\r\n\r\n") + 4) << route.path;
  }
}

TEST_F(Server, WhatIsOnlyAskedAboutNeverWaitsForTheEngine) {
  run();
  std::promise<void> begun, release;
  std::shared_future<void> released = release.get_future().share();
  std::promise<void> done;
  std::atomic<bool> first = true;
  Request held{{1, 2, 3}, {}, [&](int32_t, std::string_view) {
    if (first.exchange(false)) begun.set_value();
    released.wait();
  }};
  held.options.max_tokens = 2;
  ASSERT_TRUE(scheduler_->submit(std::move(held), [&](Result<Generation>) { done.set_value(); }).ok());
  begun.get_future().wait();
  for (const Route& route : routes()) {
    if (route.method != "GET") continue;
    EXPECT_TRUE(ask(route, "").starts_with("HTTP/1.1 200 OK\r\n")) << route.path;
  }
  EXPECT_EQ(scheduler_->status().running, 1) << "the engine was held all the time";
  release.set_value();
  done.get_future().wait();
}

// The client goes, or the server ends, between the request and the first byte of its stream.
TEST_F(Server, AStreamThatIsNeverBegunEndsInTheEngine) {
  class Nobody : public Peer {
    Waited wait(const Wake&, std::chrono::milliseconds) override { return Waited::timeout; }
    bool write(std::string_view) override { return false; }
  } nobody;
  const std::string endless = R"({"stream": true, "max_tokens": 8000, "enable_thinking": false, "messages": [{"role": "user", "content": "Hello"}], "response_format": )"
                              R"({"type": "json_schema", "json_schema": {"schema": {"type": "array", "items": {"enum": [7]}, "minItems": 3500}}}})";
  HttpResponse response = openai_chat(*service_, {"POST", "/v1/chat/completions", endless}, nobody);
  ASSERT_TRUE(response.stream) << response.body;
  response = {};
  SchedulerStatus s = scheduler_->status();
  while (s.running + s.queued > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    s = scheduler_->status();
  }
  EXPECT_EQ(s.cancelled, 1u);
  EXPECT_LT(s.generated_tokens, 3500u);
}

TEST_F(Server, WhoGoesWhileOthersArePreparedNeedsNoTurn) {
  class Gone : public Peer {
    Waited wait(const Wake&, std::chrono::milliseconds) override { return Waited::gone; }
    bool write(std::string_view) override { return false; }
  } gone;
  ASSERT_TRUE(service_->preparing.take(std::chrono::milliseconds(0)) && service_->preparing.take(std::chrono::milliseconds(0)));
  const HttpRequest request{"POST", "/v1/completions", kBodies.at("/v1/completions") + std::string(200'000, ' ')};
  EXPECT_EQ(openai_completions(*service_, request, gone).status, 503);
  EXPECT_EQ(scheduler_->status().cancelled, 0u) << "it never came to the engine";
  service_->preparing.give_back();
  openai_completions(*service_, request, gone);
  service_->preparing.give_back();
  EXPECT_TRUE(service_->preparing.take(std::chrono::milliseconds(0)) && service_->preparing.take(std::chrono::milliseconds(0)) &&
              !service_->preparing.take(std::chrono::milliseconds(0))) << "the turn was given back once";
}

// Threads of 2 MB, as `ulimit -s unlimited` makes them, are too small for what cpp-httplib does with this line.
TEST_F(Server, ALongRangeNeedsNoLargeStackOfTheCallers) {
  pthread_attr_t own, small;
  ASSERT_EQ(::pthread_getattr_default_np(&own), 0);
  ASSERT_EQ(::pthread_attr_init(&small), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&small, 2 << 20), 0);
  ASSERT_EQ(::pthread_setattr_default_np(&small), 0);
  run();
  std::string range = "Range: bytes=0-0";
  while (range.size() < 8000) range += ",0-0";
  const std::string answer = ask(*find_route("GET", "/v1/models"), "", range + "\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer.substr(0, 200);
  ::pthread_setattr_default_np(&own);
  ::pthread_attr_destroy(&own);
  ::pthread_attr_destroy(&small);
}

TEST_F(Server, AStopBeforeItRunsIsNotForgotten) {
  server_->stop();
  run();
  serving_.join();  // hangs otherwise
}

TEST_F(Server, ItMayBeStoppedTwice) {
  run();
  server_->stop();
  server_->stop();
  serving_.join();
}

}  // namespace
}  // namespace sluice::serve
