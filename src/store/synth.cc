#include "store/synth.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "store/atomic_file.h"
#include "store/gguf_writer.h"
#include "store/synth_metadata.h"
#include "store/synth_shape.h"

namespace sluice::store {
namespace {

constexpr uint64_t kPieceBytes = uint64_t{4} << 20;
constexpr int32_t kMostThreads = 64;

// Whole rows of one tensor: what one thread makes and writes at once.
struct Piece {
  const SynthTensor* tensor;
  const Filler* filler;
  uint64_t number;  // in its tensor
  int64_t rows;
  uint64_t offset, bytes;
};

struct Model {
  GgufHeader header;
  std::vector<SynthTensor> tensors;
  std::vector<std::unique_ptr<Filler>> fillers;
  std::vector<Piece> pieces;
};

Result<SynthShape> chosen_shape(const SynthOptions& o) {
  const SynthShape* found = synth_shape(o.shape);
  if (found == nullptr) {
    return Error{Code::invalid, fmt::format("shape \"{}\" is not known; these are: {}", o.shape, synth_shape_names())};
  }
  SynthShape shape = *found;
  if (o.layers < 0 || o.layers > shape.layers) {
    return Error{Code::invalid, fmt::format("{} layers: {} has {}", o.layers, shape.name, shape.layers)};
  }
  if (o.layers > 0) shape.layers = o.layers;
  return shape;
}

// Layers repeat the same few fills: one filler for all tensors that are filled alike.
void add_fillers(Model& m, const std::vector<GgufPlace>& places) {
  std::map<std::tuple<quant::FormatId, int64_t, int, float, float, int, float>, const Filler*> made;
  for (size_t i = 0; i < m.tensors.size(); ++i) {
    const SynthTensor& t = m.tensors[i];
    const Fill& f = t.fill;
    const Filler*& filler =
        made[{t.format, t.ne[0], static_cast<int>(f.kind), f.a, f.b, static_cast<int>(f.first), f.first_value}];
    if (filler == nullptr) filler = m.fillers.emplace_back(make_filler(t.format, t.ne[0], f)).get();
    const auto row = static_cast<uint64_t>(quant::row_bytes(t.format, t.ne[0]));
    const auto most = static_cast<int64_t>(std::max<uint64_t>(kPieceBytes / row, 1));
    uint64_t number = 0;
    for (int64_t at = 0; at < t.rows(); at += most, ++number) {
      const int64_t rows = std::min(most, t.rows() - at);
      m.pieces.push_back({&t, filler, number, rows, places[i].offset + static_cast<uint64_t>(at) * row,
                          static_cast<uint64_t>(rows) * row});
    }
  }
}

Result<Model> plan(const SynthOptions& o) {
  SLUICE_TRY(SynthShape shape, chosen_shape(o));
  const SynthFormat* format = synth_format(o.format);
  if (format == nullptr) {
    return Error{Code::invalid, fmt::format("format \"{}\" is not one that can be made; these are: {}", o.format,
                                            synth_format_names())};
  }
  SynthVocabulary vocabulary;
  if (o.vocabulary.empty()) {
    vocabulary = generated_vocabulary(shape);
  } else {
    SLUICE_TRY(vocabulary, copied_vocabulary(shape, o.vocabulary));
  }
  shape.vocab = vocabulary.rows;
  Model m;
  for (const KeyValue& pair : synth_architecture(shape, *format)) m.header.add(pair);
  for (const KeyValue& pair : vocabulary.pairs) m.header.add(pair);
  m.tensors = synth_tensors(shape, format->id, o.skew);
  for (const SynthTensor& t : m.tensors) m.header.add_tensor(t.name, t.format, t.ne);
  add_fillers(m, m.header.places());
  return m;
}

// Threads take pieces in file order until there are none, one fails or the caller has had enough.
class Writing {
 public:
  Writing(const SynthOptions& o, const Model& m, AtomicFile& file) : o_(o), m_(m), file_(file) {}

  Status run() {
    std::vector<std::jthread> others;
    for (int32_t i = 1; i < std::min(o_.threads, kMostThreads); ++i) {
      others.emplace_back([this] { work(false); });
    }
    work(true);
    others.clear();  // joins
    const std::lock_guard lock(mutex_);
    return std::move(status_);
  }

 private:
  void work(bool reports) {
    std::vector<std::byte> buffer;
    while (!stop_.load(std::memory_order_relaxed)) {
      const size_t i = next_.fetch_add(1, std::memory_order_relaxed);
      if (i >= m_.pieces.size()) return;
      const Piece& piece = m_.pieces[i];
      buffer.resize(piece.bytes);
      SynthRandom random(o_.seed, piece.tensor->name, piece.number);
      piece.filler->rows(random, piece.rows, buffer.data());
      Status written = file_.write(piece.offset, buffer);
      if (!written.ok()) return fail(std::move(written).error());
      const uint64_t done = done_.fetch_add(piece.bytes, std::memory_order_relaxed) + piece.bytes;
      if (reports && o_.progress) o_.progress(done, m_.header.file_bytes());
      if (o_.cancel != nullptr && o_.cancel->load()) return fail({Code::cancelled, "stopped: nothing was written"});
    }
  }

  void fail(Error error) {
    const std::lock_guard lock(mutex_);
    if (status_.ok()) status_ = std::move(error);
    stop_ = true;
  }

  const SynthOptions& o_;
  const Model& m_;
  AtomicFile& file_;
  std::atomic<size_t> next_ = 0;
  std::atomic<uint64_t> done_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  Status status_;
};

}  // namespace

Result<SynthReport> synthesize(const SynthOptions& options) {
  SLUICE_TRY(const Model model, plan(options));
  SLUICE_TRY(AtomicFile file, AtomicFile::create(options.out, model.header.file_bytes()));
  const std::string header = model.header.bytes();
  SLUICE_TRY_VOID(file.write(0, std::as_bytes(std::span(header))));
  SLUICE_TRY_VOID(Writing(options, model, file).run());
  SLUICE_TRY_VOID(file.finish());
  SynthReport report{.bytes = model.header.file_bytes(), .tensors = static_cast<int64_t>(model.tensors.size())};
  for (const SynthTensor& t : model.tensors) report.parameters += t.ne[0] * t.rows();
  return report;
}

}  // namespace sluice::store
