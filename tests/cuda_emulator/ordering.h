// What comes after what on a card: streams, events, and copies that are done as late as they may be.
//
// The default stream works at once. A copy on another stream, and one from pinned memory on any, waits until something
// must come after it: then a reader that forgot to wait finds what was there before, and pinned memory that is written
// too soon is found out by its checksum.
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

using Position = unsigned long long;

// For each stream, by its number, up to which of its operations something has waited. The first has position 1.
struct Clock : std::map<unsigned, Position> {
    void merge(const Clock &other) {
        for (auto [stream, position] : other) {
            Position &own = (*this)[stream];
            if (own < position) own = position;
        }
    }

    bool covers(unsigned stream, Position position) const {
        auto own = find(stream);
        return !position || (own != end() && own->second >= position);
    }
};

struct Deferred {
    Position position;
    std::function<void()> work;
};

struct Stream {
    unsigned number;
    // The default stream and blocking ones wait for each other.
    bool is_default, blocking;
    Position enqueued = 0;
    // What its next operation comes after, beside its own.
    Clock seen{};
    std::deque<Deferred> deferred{};

    // What comes before an operation that follows the last one.
    Clock now() const {
        Clock clock = seen;
        clock[number] = enqueued;
        return clock;
    }
};

struct Event {
    bool timed, recorded;
    std::chrono::steady_clock::time_point when;
    unsigned stream;
    Clock at;
};

// An asynchronous copy out of pinned memory that the host has not seen end.
struct Reading {
    const char *from;
    size_t bytes, checksum;
    unsigned stream;
    Position position;

    size_t sum() const { return std::hash<std::string_view>()({from, bytes}); }
};

class Ordering {
    std::map<unsigned, std::unique_ptr<Stream>> streams;
    unsigned next = 0;
    // What the host has seen done: whatever is enqueued from now on comes after it.
    Clock host;
    std::vector<Reading> readings;

  public:
    Stream *create(bool is_default, bool blocking) {
        auto made = std::make_unique<Stream>(Stream{next, is_default, blocking});
        return (streams[next++] = std::move(made)).get();
    }

    bool known(const void *handle) const {
        for (auto &[_, stream] : streams)
            if (stream.get() == handle) return true;
        return false;
    }

    // Its work is still done.
    void destroy(Stream *stream) {
        work_off(*stream, stream->enqueued);
        streams.erase(stream->number);
    }

    // Makes room for one more operation; gives its position.
    Position enqueue(Stream &stream) {
        stream.seen.merge(host);
        for (auto &[_, other] : streams) {
            bool together = stream.is_default ? other->blocking : stream.blocking && other->is_default;
            if (other.get() == &stream || !together) continue;
            work_off(*other, other->enqueued);
            stream.seen.merge(other->now());
        }
        if (stream.is_default) work_off(stream, stream.enqueued);
        return ++stream.enqueued;
    }

    // An operation that is done at once, as is all that comes before it.
    Position enqueue_now(Stream &stream) {
        Position position = enqueue(stream);
        work_off(stream, position);
        return position;
    }

    void wait(Stream &stream, const Clock &at) {
        Position position = enqueue(stream);
        stream.seen.merge(at);
        if (stream.is_default)
            work_off(at);
        else
            stream.deferred.push_back({position, [this, at] { work_off(at); }});
    }

    void read_late(Stream &stream, Position position, const void *from, size_t bytes, std::function<void()> work) {
        Reading reading{(const char *)from, bytes, 0, stream.number, position};
        reading.checksum = reading.sum();
        readings.push_back(reading);
        stream.deferred.push_back({position, std::move(work)});
    }

    void work_off(Stream &stream, Position position) {
        while (!stream.deferred.empty() && stream.deferred.front().position <= position) {
            auto work = std::move(stream.deferred.front().work);
            stream.deferred.pop_front();
            work();
        }
    }

    void work_off(const Clock &at) {
        for (auto [number, position] : at) {
            auto own = streams.find(number);
            if (own != streams.end()) work_off(*own->second, position);
        }
    }

    // Does one piece of what is left; false where nothing was. Who asks again and again gets on.
    bool work_a_little(const Clock &at) {
        for (auto [number, position] : at) {
            auto own = streams.find(number);
            if (own == streams.end()) continue;
            auto &deferred = own->second->deferred;
            if (deferred.empty() || deferred.front().position > position) continue;
            work_off(*own->second, deferred.front().position);
            return true;
        }
        return false;
    }

    // The host has waited. Gives pinned memory that was written while a copy from it was under way, if any was.
    const void *observe(const Clock &at) {
        work_off(at);
        host.merge(at);
        const void *spoiled = nullptr;
        std::vector<Reading> left;
        for (const Reading &reading : readings) {
            if (!host.covers(reading.stream, reading.position))
                left.push_back(reading);
            else if (reading.sum() != reading.checksum)
                spoiled = reading.from;
        }
        readings.swap(left);
        return spoiled;
    }

    const void *observe_all() {
        Clock all;
        for (auto &[_, stream] : streams) all.merge(stream->now());
        return observe(all);
    }

    // Whether a copy from here may still be under way.
    bool is_read(const void *from, size_t bytes) const {
        for (const Reading &reading : readings)
            if (reading.from < (const char *)from + bytes && (const char *)from < reading.from + reading.bytes)
                return true;
        return false;
    }
};
