// The only file that knows cpp-httplib (0.11): it reads heads and chunked bodies and writes responses. Threads, sockets,
// times and limits are not its own: it has no bound for headers, chunked or compressed bodies, or waiting connections.
#include "serve/http_server.h"

#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <system_error>

#include <fmt/format.h>

#include "serve/connection.h"
#include "serve/own_stack.h"
#include "serve/routes.h"

namespace sluice::serve {
namespace {

constexpr size_t kStackBytes = size_t{8} << 20;

thread_local Connection* current = nullptr;   // the connection this thread serves
thread_local bool turned_away = false;        // what is served on this thread only hears that there is no room

// cpp-httplib's view of a connection.
class Bytes : public httplib::Stream {
 public:
  explicit Bytes(Connection& connection) : connection_(connection) {}
  bool is_readable() const override { return connection_.has_input(); }
  bool is_writable() const override { return connection_.alive(); }
  ssize_t read(char* bytes, size_t size) override { return connection_.read(bytes, size); }
  ssize_t write(const char* bytes, size_t size) override { return connection_.write({bytes, size}) ? static_cast<ssize_t>(size) : -1; }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return connection_.socket(); }

 private:
  Connection& connection_;
};

// Threads as they are needed, up to a bound. Beyond it, and where no thread can be made, a task runs at once, where it was handed over, to say no.
class BoundedThreads : public httplib::TaskQueue {
 public:
  explicit BoundedThreads(int most) : most_(most) {}
  ~BoundedThreads() override { BoundedThreads::shutdown(); }

  void enqueue(std::function<void()> task) override {
    std::unique_lock lock(mutex_);
    if (busy_ < most_ && (busy_ < static_cast<int>(threads_.size()) || start())) {
      ++busy_;
      tasks_.push_back(std::move(task));
      more_.notify_one();
      return;
    }
    lock.unlock();
    turned_away = true;
    task();
    turned_away = false;
  }

  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    more_.notify_all();
    threads_.clear();  // waits for each
  }

 private:
  bool start() {
    try {
      threads_.emplace_back(kStackBytes, [this] { work(); });
    } catch (const std::system_error&) {
      return false;  // no room in the machine is as no room here
    }
    return true;
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      more_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
      --busy_;
    }
  }

  const int most_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<std::function<void()>> tasks_;
  std::list<OwnStackThread> threads_;
  int busy_ = 0;  // tasks handed over and not done
  bool ending_ = false;
};

RequestHead head_of(const httplib::Request& r) {
  return {r.method, r.path, r.get_header_value("Host"), r.get_header_value("Origin"), r.get_header_value("Authorization"),
          r.get_header_value("x-api-key"), r.get_header_value("Content-Type"), r.get_header_value("Content-Encoding"),
          r.get_header_value("Content-Length")};
}

void fill(httplib::Response& to, HttpResponse from) {
  to.status = from.status;
  for (const auto& [name, value] : from.headers) to.set_header(name, value);
  if (!to.has_header("Cache-Control")) to.set_header("Cache-Control", "no-store");
  to.set_header("X-Content-Type-Options", "nosniff");
  if (from.stream) {
    to.set_header("X-Accel-Buffering", "no");
    to.set_chunked_content_provider(from.type, [stream = std::move(from.stream)](size_t, httplib::DataSink& sink) {
      // The chunks are cpp-httplib's to write; everything else is the connection's.
      class Chunks : public Peer {
       public:
        Chunks(Connection& connection, httplib::DataSink& out) : connection_(connection), out_(out) {}
        Waited wait(const Wake& wake, std::chrono::milliseconds time) override { return connection_.wait(wake, time); }
        bool write(std::string_view bytes) override { return bytes.empty() || (out_.write(bytes.data(), bytes.size()) && !connection_.failed()); }

       private:
        Connection& connection_;
        httplib::DataSink& out_;
      };
      Chunks chunks(*current, sink);
      stream(chunks);
      sink.done();
      return !current->failed();
    });
  } else if (!from.type.empty()) {
    to.set_content(from.body, from.type);
  }
}

void close_after(httplib::Response& response) {
  response.set_header("Connection", "close");
  current->fail();
}

class Server : public httplib::Server {
 public:
  Server(const HttpOptions& options, Service& service) : options_(options), service_(service) {
    options_.guard.max_body = options_.max_body;
    // Made when listening begins. A stop before that would be forgotten by cpp-httplib.
    new_task_queue = [this] {
      const std::lock_guard lock(ending_);
      listening_ = true;
      if (shared_.stopped) stop();
      return new BoundedThreads(options_.connections);
    };
    set_payload_max_length(options_.max_body);
    set_tcp_nodelay(true);
    // The default would let a second server share the port.
    set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      for (const auto& [name, value] : cors_headers(request.get_header_value("Origin"), options_.guard)) response.set_header(name, value);
      auto refusal = refuse(head_of(request), options_.guard);
      if (!refusal) return HandlerResponse::Unhandled;
      fill(response, std::move(*refusal));
      if (request.method != "GET" && request.method != "HEAD") close_after(response);  // its body was not read
      return HandlerResponse::Handled;
    });
    set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (!response.body.empty() || response.content_provider_ || response.status < 400) return;
      const char* what = response.status == 413 ? "the body is too large" : "this is no request that can be read";
      response.set_content(error_json(Dialect::openai, {response.status, what}), "application/json");
      close_after(response);
    });
    set_exception_handler([](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
      fill(response, wire_error(Dialect::openai, {500, "out of memory, or a fault of the server"}));
      close_after(response);
    });
    for (const Route& route : routes()) add(route);
  }

  // More may connect at once than cpp-httplib's five.
  void widen_backlog() const { ::listen(svr_sock_, 256); }

  void end() {
    const std::lock_guard lock(ending_);
    if (shared_.stopped.exchange(true)) return;
    shared_.stopping.ring();
    if (listening_) stop();
  }

  bool able() const { return shared_.stopping.ok(); }

 private:
  void add(const Route& route) {
    auto answer = [this, &route](const httplib::Request& request, httplib::Response& response) {
      if (static_cast<uint64_t>(request.body.size()) > options_.max_body) {
        fill(response, wire_error(route.dialect, {413, fmt::format("the body has more than {} bytes", options_.max_body)}));
        return;
      }
      fill(response, route.answer(service_, {request.method, request.path, request.body, request.get_header_value("If-None-Match")}, *current));
      if (current->failed()) response.set_header("Connection", "close");
    };
    const std::string path(route.path);
    if (route.method == "GET") Get(path, answer);
    if (route.method == "POST") Post(path, answer);
  }

  // Not cpp-httplib's own loop: its waits know neither a deadline for a whole request nor the server's end.
  bool process_and_close_socket(socket_t socket) override {
    if (turned_away) {
      turn_away(socket);
    } else {
      Connection connection(socket, options_, shared_);
      current = &connection;
      serve(connection);
      current = nullptr;
    }
    ::shutdown(socket, SHUT_RDWR);
    ::close(socket);
    return true;
  }

  void serve(Connection& connection) {
    Bytes bytes(connection);
    bool closed = false;
    while (!closed && !connection.failed() && connection.next_request()) {
      const bool good = process_request(bytes, false, closed, [&connection](httplib::Request& request) {
        connection.begin_body();
        request.ranges.clear();
        request.headers.erase("Accept-Encoding");
      });
      connection.end_request();
      if (!good) return;
    }
  }

  static void turn_away(socket_t socket) {
    const std::string body = error_json(Dialect::openai, {503, "too many connections; try again later"});
    const std::string all = fmt::format("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
                                        "Retry-After: 1\r\nConnection: close\r\n\r\n{}", body.size(), body);
    // What does not go out at once stays unsaid: nobody may wait here.
    if (::send(socket, all.data(), all.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return;
  }

  HttpOptions options_;
  Service& service_;
  Shared shared_;
  std::mutex ending_;
  bool listening_ = false;
};

}  // namespace

struct HttpServer::Parts {
  Parts(const HttpOptions& options, Service& service) : server(options, service) {}
  Server server;
  int port = 0;
};

HttpServer::HttpServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::bind(const HttpOptions& options, Service& service) {
  HttpOptions o = options;
  o.guard.loopback = is_loopback_name(o.host);
  auto parts = std::make_unique<Parts>(o, service);
  if (!parts->server.able()) return Error{Code::io, "no more files can be opened"};
  errno = 0;
  parts->port = o.port;
  const bool bound = o.port == 0 ? (parts->port = parts->server.bind_to_any_port(o.host)) > 0 : parts->server.bind_to_port(o.host, o.port);
  if (!bound) return Error{Code::io, fmt::format("cannot listen on {} port {}: {}", o.host, o.port, errno != 0 ? std::strerror(errno) : "no such address")};
  parts->server.widen_backlog();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(parts)));
}

int HttpServer::port() const { return parts_->port; }
void HttpServer::run() { parts_->server.listen_after_bind(); }
void HttpServer::stop() { parts_->server.end(); }

}  // namespace sluice::serve
