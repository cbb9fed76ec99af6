#include "download.h"

#include <curl/curl.h>
#include <openssl/evp.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "commands.h"
#include "disk.h"

namespace driver {

namespace {

constexpr long kSlowest = 1000;  // bytes a second
constexpr long kPartialContent = 206, kRequestTimeout = 408, kTooManyRequests = 429;

struct Cleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// One request for what is missing of a file.
class Request {
 public:
  Request(const std::string& url, const RemoteFile& file, GrowingFile& out, const Patience& patience,
          const OnBytes& on_bytes)
      : url_(url), file_(file), out_(out), on_bytes_(on_bytes), patience_(patience), curl_(curl_easy_init()) {
    if (!curl_) throw std::bad_alloc();
    set(CURLOPT_URL, url_.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
    set(CURLOPT_MAXREDIRS, 5L);
    set(CURLOPT_FAILONERROR, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, "signsym");
    set(CURLOPT_CONNECTTIMEOUT, patience.connect_seconds);
    set(CURLOPT_LOW_SPEED_LIMIT, kSlowest);
    set(CURLOPT_LOW_SPEED_TIME, patience.stall_seconds);
    set(CURLOPT_ERRORBUFFER, details_);
    set(CURLOPT_WRITEFUNCTION, &Request::on_data);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_XFERINFOFUNCTION, &Request::on_progress);
    set(CURLOPT_XFERINFODATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    // Not RESUME_FROM: with it a server that sends the whole file is an error, and here only a new beginning.
    if (out.size() > 0) set(CURLOPT_RANGE, (std::to_string(out.size()) + "-").c_str());
  }

  enum class Result { complete, broken, stopped };
  Result perform() {
    const CURLcode code = curl_easy_perform(curl_.get());
    if (failure_) throw *failure_;
    problem_ = "the connection broke after " + std::to_string(out_.size()) + " of " + std::to_string(file_.bytes) +
               " bytes";
    switch (code) {
      case CURLE_OK: return out_.size() == file_.bytes ? Result::complete : Result::broken;
      case CURLE_ABORTED_BY_CALLBACK: return Result::stopped;
      case CURLE_PARTIAL_FILE:
      case CURLE_RECV_ERROR:
      case CURLE_SEND_ERROR:
      case CURLE_GOT_NOTHING:
      case CURLE_HTTP2:
      case CURLE_HTTP2_STREAM: return Result::broken;
      case CURLE_OPERATION_TIMEDOUT:
        throw failure("no connection within " + std::to_string(patience_.connect_seconds) + " s, or under 1 kB/s for " +
                      std::to_string(patience_.stall_seconds) + " s: the same command goes on from there");
      case CURLE_HTTP_RETURNED_ERROR: {
        const long status = response_code();
        problem_ = "the server answered with HTTP status " + std::to_string(status);
        if (status >= 500 || status == kTooManyRequests || status == kRequestTimeout) return Result::broken;
        throw failure(problem_ + ": check the address");
      }
      case CURLE_URL_MALFORMAT: throw Failure(exit_usage, url_ + ": this is no address: https://… is expected");
      case CURLE_UNSUPPORTED_PROTOCOL:
        throw failure("only http and https are fetched, and a redirect is followed to https alone");
      case CURLE_TOO_MANY_REDIRECTS: throw failure("the server redirects without end");
      case CURLE_COULDNT_RESOLVE_HOST:
      case CURLE_COULDNT_RESOLVE_PROXY:
      case CURLE_COULDNT_CONNECT: throw failure(why(code) + ": check the network and the address");
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CACERT_BADFILE:
        throw failure(why(code) + ": the server may not be who it says; check the clock and the ca-certificates package");
      default: throw failure(why(code));
    }
  }
  // After Result::broken, in words.
  const std::string& problem() const { return problem_; }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    if (const CURLcode code = curl_easy_setopt(curl_.get(), option, value); code != CURLE_OK) {
      throw failure(curl_easy_strerror(code));
    }
  }

  Failure failure(const std::string& what) const { return Failure(exit_failed, url_ + ": " + what); }
  std::string why(CURLcode code) const { return details_[0] != '\0' ? details_ : curl_easy_strerror(code); }

  long response_code() const {
    long status = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }

  // Where the body begins in the file, and how long the file is (-1: not said), by the headers.
  std::pair<int64_t, int64_t> place() const {
    if (response_code() != kPartialContent) {
      curl_off_t length = -1;
      curl_easy_getinfo(curl_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
      return {0, length};
    }
    curl_header* range = nullptr;
    long long first = -1, length = -1;
    if (curl_easy_header(curl_.get(), "Content-Range", 0, CURLH_HEADER, -1, &range) == CURLHE_OK) {
      std::sscanf(range->value, "bytes %lld-%*d/%lld", &first, &length);
    }
    return {first, length};
  }

  void begin_body() {
    const auto [first, length] = place();
    if (length >= 0 && length != file_.bytes) {
      throw failure("the file there has " + std::to_string(length) + " bytes, the published one " +
                    std::to_string(file_.bytes) + ": name another mirror with --from");
    }
    if (first == 0) out_.clear();
    else if (first != out_.size()) throw failure("the server sent another part than was asked for");
    begun_ = true;
  }

  void take(const char* data, size_t size) {
    if (!begun_) begin_body();
    if (out_.size() + static_cast<int64_t>(size) > file_.bytes) {
      throw failure("the server sends more than the " + std::to_string(file_.bytes) +
                    " bytes of the published file: name another mirror with --from");
    }
    out_.append(data, size);
  }

  // No exception may pass through libcurl.
  static size_t on_data(const char* data, size_t, size_t size, void* self) {
    auto* request = static_cast<Request*>(self);
    try {
      request->take(data, size);
      return size;
    } catch (const Failure& failure) {
      request->failure_ = failure;
      return CURL_WRITEFUNC_ERROR;
    }
  }

  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto* request = static_cast<Request*>(self);
    return request->on_bytes_(request->out_.size()) ? 0 : 1;
  }

  const std::string url_;
  const RemoteFile& file_;
  GrowingFile& out_;
  const OnBytes& on_bytes_;
  const Patience& patience_;
  std::unique_ptr<CURL, Cleanup> curl_;
  char details_[CURL_ERROR_SIZE] = "";
  bool begun_ = false;  // the body
  std::optional<Failure> failure_;
  std::string problem_;
};

// False: stopped.
bool fill(const std::string& url, const RemoteFile& file, GrowingFile& out, const Patience& patience,
          const OnBytes& on_bytes) {
  if (out.size() > file.bytes) out.clear();
  int64_t most = out.size();
  for (int attempt = 1; out.size() < file.bytes; ++attempt) {
    Request request(url, file, out, patience, on_bytes);
    const Request::Result result = request.perform();
    if (result != Request::Result::broken) return result == Request::Result::complete;
    if (out.size() > most) attempt = 0;
    most = std::max(most, out.size());
    if (attempt >= patience.attempts) {
      throw Failure(exit_failed, url + ": " + request.problem() + ": the same command goes on from there");
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(patience.pause_seconds));
  }
  return true;
}

}  // namespace

bool download(const std::string& url, const RemoteFile& file, const std::filesystem::path& part,
              const Patience& patience, const OnBytes& on_bytes) {
  {
    GrowingFile out(part, GrowingFile::Begin::as_it_is);
    if (!fill(url, file, out, patience, on_bytes)) return false;
    out.flush();
  }
  on_bytes(file.bytes);
  if (const std::string md5 = md5_of(part); md5 != file.md5) {
    std::filesystem::remove(part);
    throw Failure(exit_failed, url + ": its MD5 is " + md5 + ", and the published one is " + file.md5 +
                                   ": it was damaged on its way, or is another file; it has been removed: run the same "
                                   "command again, or name another mirror with --from");
  }
  return true;
}

std::string md5_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return "";
  const std::unique_ptr<EVP_MD_CTX, Cleanup> context(EVP_MD_CTX_new());
  bool good = EVP_DigestInit_ex(context.get(), EVP_md5(), nullptr) == 1;
  std::vector<char> buffer(1 << 20);
  while (good && in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    good = EVP_DigestUpdate(context.get(), buffer.data(), static_cast<size_t>(in.gcount())) == 1;
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!good || EVP_DigestFinal_ex(context.get(), digest, &size) != 1) {
    throw Failure(exit_failed, "OpenSSL on this machine computes no MD5 (FIPS mode?), so no data set can be checked");
  }
  if (in.bad()) throw Failure(exit_file, path.string() + ": cannot read: a file on a sound disk is expected");
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", digest[i]);
    hex += two;
  }
  return hex;
}

}  // namespace driver
