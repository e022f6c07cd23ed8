// The limits of one client, over a pair of sockets.
#include "serve/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

#include "serve/http_server.h"

namespace sluice::serve {
namespace {

using std::chrono::milliseconds;

class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() {
    options_.max_head = 100;
    options_.max_body = 1000;
    options_.max_bodies = 3000;
    options_.head_time = options_.body_time = options_.write_time = options_.idle_time = milliseconds(30'000);
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_) != 0) ADD_FAILURE() << "no sockets";
  }
  ~ConnectionTest() override {
    hang_up();
    ::close(ends_[0]);
  }

  Connection& open() { return connection_.emplace(ends_[0], options_, shared_); }
  void send(const std::string& bytes) const { ASSERT_EQ(::send(ends_[1], bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size())); }
  void hang_up() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  // All that can be read, up to `most`.
  static size_t drain(Connection& connection, size_t most = SIZE_MAX) {
    char bytes[64];
    size_t got = 0;
    while (got < most) {
      const ssize_t n = connection.read(bytes, sizeof bytes);
      if (n <= 0) break;
      got += static_cast<size_t>(n);
    }
    return got;
  }

  HttpOptions options_;
  Shared shared_;
  std::optional<Connection> connection_;
  int ends_[2] = {-1, -1};
};

TEST_F(ConnectionTest, AHeadIsBounded) {
  Connection& c = open();
  send(std::string(5000, 'x'));
  ASSERT_TRUE(c.next_request());
  EXPECT_LE(drain(c), 100u + 64u);
  EXPECT_TRUE(c.failed());
}

TEST_F(ConnectionTest, ABodyIsBoundedAndCounted) {
  Connection& c = open();
  send(std::string(20'000, 'x'));
  ASSERT_TRUE(c.next_request());
  c.begin_body();
  const size_t got = drain(c);
  EXPECT_GE(got, 1000u);
  EXPECT_LE(got, 1000u + 125u + 4096u + 64u);
  EXPECT_EQ(shared_.bodies.load(), got);
  c.end_request();
  EXPECT_EQ(shared_.bodies.load(), 0u);
}

TEST_F(ConnectionTest, AllBodiesTogetherAreBounded) {
  Connection& c = open();
  shared_.bodies = 3001;  // others'
  send("x");
  ASSERT_TRUE(c.next_request());
  c.begin_body();
  EXPECT_EQ(drain(c), 0u);
  c.end_request();
  EXPECT_EQ(shared_.bodies.load(), 3001u);
}

TEST_F(ConnectionTest, ABodyThatIsNotEndedIsGivenBack) {
  Connection& c = open();
  send("xx");
  ASSERT_TRUE(c.next_request());
  c.begin_body();
  EXPECT_EQ(drain(c, 2), 2u);
  connection_.reset();
  EXPECT_EQ(shared_.bodies.load(), 0u);
}

TEST_F(ConnectionTest, TimesEnd) {
  options_.idle_time = options_.head_time = options_.body_time = milliseconds(20);
  Connection& c = open();
  EXPECT_FALSE(c.next_request()) << "nothing came";
  send("G");
  ASSERT_TRUE(c.next_request());
  EXPECT_EQ(drain(c), 1u) << "the rest of the head did not come";
  EXPECT_TRUE(c.failed());
}

TEST_F(ConnectionTest, ManySmallBytesDoNotMoveTheDeadline) {
  options_.head_time = milliseconds(60);
  options_.max_head = 1'000'000;
  Connection& c = open();
  send("G");
  ASSERT_TRUE(c.next_request());
  std::atomic<bool> over = false;
  std::thread drip([&] {
    for (int i = 0; i < 3000 && !over; ++i) {
      ::send(ends_[1], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
      std::this_thread::sleep_for(milliseconds(5));
    }
  });
  drain(c);
  const bool ended_early = !over;
  over = true;
  drip.join();
  EXPECT_TRUE(ended_early && c.failed());
}

TEST_F(ConnectionTest, WhoDoesNotReadIsGivenUp) {
  options_.write_time = milliseconds(30);
  Connection& c = open();
  EXPECT_TRUE(c.write("hello"));
  EXPECT_FALSE(c.write(std::string(64 << 20, 'x')));
  EXPECT_TRUE(c.failed());
}

TEST_F(ConnectionTest, WaitingEndsByTheWakeTheTimeOrTheClient) {
  Connection& c = open();
  const Wake wake;
  EXPECT_EQ(c.wait(wake, milliseconds(5)), Waited::timeout);
  wake.ring();
  EXPECT_EQ(c.wait(wake, milliseconds(30'000)), Waited::woken);
  wake.quiet();
  hang_up();
  EXPECT_FALSE(c.alive());
  EXPECT_EQ(c.wait(wake, milliseconds(30'000)), Waited::gone);
}

TEST_F(ConnectionTest, AHalfClosedClientIsGone) {
  Connection& c = open();
  ::shutdown(ends_[1], SHUT_WR);
  EXPECT_EQ(c.wait(Wake(), milliseconds(30'000)), Waited::gone);
}

TEST_F(ConnectionTest, TheNextRequestsBytesDoNotEndWaiting) {
  Connection& c = open();
  send("GET /next");
  EXPECT_TRUE(c.alive());
  EXPECT_EQ(c.wait(Wake(), milliseconds(20)), Waited::timeout);
  ASSERT_TRUE(c.next_request());
  EXPECT_EQ(drain(c, 9), 9u);
}

TEST_F(ConnectionTest, TheServersEndEndsEverything) {
  Connection& c = open();
  shared_.stopping.ring();
  EXPECT_EQ(c.wait(Wake(), milliseconds(30'000)), Waited::gone);
  EXPECT_FALSE(c.next_request());
  EXPECT_FALSE(c.write(std::string(64 << 20, 'x'))) << "it does not wait for the client any more";
  char byte;
  EXPECT_LE(c.read(&byte, 1), 0);
  shared_.stopped = true;
  EXPECT_FALSE(c.next_request());
}

}  // namespace
}  // namespace sluice::serve
