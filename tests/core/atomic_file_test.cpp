// Outputs appear whole or not at all, where they were asked for, and as what stood there before.

#include "core/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "core/temporary_file.h"

namespace voxloom::test {
namespace {

namespace fs = std::filesystem;

class AtomicFileTest : public testing::Test {
 protected:
  AtomicFileTest() {
    std::string name = (fs::temp_directory_path() / "voxloom-core-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~AtomicFileTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  [[nodiscard]] fs::path file(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] std::ptrdiff_t entries() const {
    return std::distance(fs::directory_iterator(folder_), {});
  }

 private:
  fs::path folder_;
};

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

void write_atomically(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

mode_t mode_of(const fs::path& path) {
  struct ::stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 07777U;
}

TEST_F(AtomicFileTest, AppearsWithCommitAndNotBefore) {
  put(file("a"), "old");
  {
    AtomicFile out(file("a"));
    out.write("new");
    EXPECT_EQ(text_of(file("a")), "old");
    out.commit();
  }
  EXPECT_EQ(text_of(file("a")), "new");
  EXPECT_EQ(entries(), 1);
}

TEST_F(AtomicFileTest, WithoutCommitNothingIsLeft) {
  put(file("a"), "old");
  { AtomicFile(file("a")).write("new"); }
  { AtomicFile(file("b")).write("new"); }
  EXPECT_EQ(text_of(file("a")), "old");
  EXPECT_EQ(entries(), 1);
}

TEST_F(AtomicFileTest, FollowsLinks) {
  fs::create_directory(file("data"));
  put(file("data/real"), "old");
  fs::create_symlink("data/real", file("relative"));
  fs::create_symlink(file("relative"), file("chain"));
  write_atomically(file("chain"), "new");
  EXPECT_TRUE(fs::is_symlink(file("chain")));
  EXPECT_TRUE(fs::is_symlink(file("relative")));
  EXPECT_EQ(text_of(file("data/real")), "new");
  fs::create_symlink("data/fresh", file("dangling"));
  write_atomically(file("dangling"), "made");
  EXPECT_TRUE(fs::is_symlink(file("dangling")));
  EXPECT_EQ(text_of(file("data/fresh")), "made");
  fs::create_symlink("round", file("round"));
  EXPECT_THROW(write_atomically(file("round"), "never"), std::system_error);
}

TEST_F(AtomicFileTest, KeepsTheMode) {
  for (const mode_t mode : {0600U, 0640U, 0664U}) {
    put(file("a"), "old");
    ASSERT_EQ(::chmod(file("a").c_str(), mode), 0);
    write_atomically(file("a"), "new");
    EXPECT_EQ(mode_of(file("a")), mode);
  }
}

TEST_F(AtomicFileTest, KeepsTheOwnerWhereItMay) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  put(file("a"), "old");
  ASSERT_EQ(::chown(file("a").c_str(), 12345, 23456), 0);
  write_atomically(file("a"), "new");
  struct ::stat status {};
  ASSERT_EQ(::stat(file("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 12345U);
  EXPECT_EQ(status.st_gid, 23456U);
}

TEST_F(AtomicFileTest, WhoMayNotWriteMayNotReplace) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write to everything";
  put(file("a"), "old");
  ASSERT_EQ(::chmod(file("a").c_str(), 0400), 0);
  EXPECT_THROW(write_atomically(file("a"), "new"), std::system_error);
  EXPECT_EQ(text_of(file("a")), "old");
}

TEST_F(AtomicFileTest, WritesThroughPipes) {
  ASSERT_EQ(::mkfifo(file("pipe").c_str(), 0600), 0);
  { const AtomicFile only_asked_whether_it_can_be(file("pipe")); }  // must not wait for a reader
  std::string seen;
  std::thread reader([&] { seen = text_of(file("pipe")); });
  write_atomically(file("pipe"), "through");
  reader.join();
  EXPECT_EQ(seen, "through");
  EXPECT_TRUE(fs::is_fifo(file("pipe")));
  EXPECT_EQ(entries(), 1);
}

TEST_F(AtomicFileTest, DevicesStayDevices) {
  write_atomically("/dev/null", "gone");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  fs::create_symlink("/dev/null", file("link"));
  write_atomically(file("link"), "gone");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_TRUE(fs::is_symlink(file("link")));
  EXPECT_THROW(write_atomically("/dev/full", "x"), std::system_error);
}

// As /dev/stdout is one, whatever the shell has redirected it to.
TEST_F(AtomicFileTest, WritesToOpenFilesBehindWhatIsThere) {
  std::FILE* open = std::fopen(file("a").c_str(), "w");
  ASSERT_NE(open, nullptr);
  std::fputs("first ", open);
  std::fflush(open);
  write_atomically("/proc/self/fd/" + std::to_string(::fileno(open)), "second");
  EXPECT_EQ(text_of(file("a")), "first second");
  if (fs::exists("/dev/fd")) {
    write_atomically("/dev/fd/" + std::to_string(::fileno(open)), " third");
    EXPECT_EQ(text_of(file("a")), "first second third");
  }
  struct ::stat held {
  }, named{};
  ASSERT_EQ(::fstat(::fileno(open), &held), 0);
  ASSERT_EQ(::stat(file("a").c_str(), &named), 0);
  EXPECT_EQ(held.st_ino, named.st_ino);
  std::fclose(open);
}

TEST_F(AtomicFileTest, NamesThatADeadProcessLeftBlockNothing) {
  const std::string mine = ".tmp-" + std::to_string(::getpid()) + "-";
  for (int i = 0; i < 300; ++i) {
    put(file("a" + mine + std::to_string(i)), "stale");
  }
  write_atomically(file("a"), "new");
  EXPECT_EQ(text_of(file("a")), "new");
  // The file has counted beyond the first ones.
  for (int i = 0; i < 900; ++i) {
    fs::create_directory(file("b" + mine + std::to_string(i)));
    put(file("b" + mine + std::to_string(i)) / "stale", "stale");
  }
  AtomicFolder out(file("b"), {});
  put(out.temporary() / "fresh", "new");
  out.commit();
  EXPECT_EQ(std::distance(fs::directory_iterator(file("b")), {}), 1) << "nothing stale in it";
}

TEST_F(AtomicFileTest, TakesAwayWhatTheDeadLeft) {
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(dead, nullptr, 0), dead);
  const std::string of_dead = ".tmp-" + std::to_string(dead) + "-0";
  put(file("a" + of_dead), "stale");
  fs::create_directory(file("b" + of_dead));
  put(file("b" + of_dead) / "inner", "stale");
  put(file("c.tmp-" + std::to_string(::getpid()) + "-4000000000"), "of one with our number");
  put(file("d.tmp-" + std::to_string(::getppid()) + "-0"), "of one that lives");
  for (const char* other :
       {"e.tmp", "e.tmp-", "e.tmp-x-0", "e.tmp-1", "e.tmp-1-", "e.tmp-1-0.ply"}) {
    put(file(other), "somebody's");
  }
  AtomicFile in_work(file("f"));
  remove_stale_temporaries(file(""));
  EXPECT_EQ(entries(), 8) << "six of others, of a process that lives, and ours";
  EXPECT_TRUE(fs::exists(file("d.tmp-" + std::to_string(::getppid()) + "-0")));
  in_work.write("whole");
  in_work.commit();
  EXPECT_EQ(text_of(file("f")), "whole");
  remove_stale_temporaries(file("not there"));
  put(file("a" + of_dead), "stale");
  put(file("b" + of_dead), "stale, of others");
  remove_stale_temporaries(file(""), [](const std::string& name) { return name == "a"; });
  EXPECT_FALSE(fs::exists(file("a" + of_dead)));
  EXPECT_TRUE(fs::exists(file("b" + of_dead)));
  fs::remove(file("b" + of_dead));
  // One that nobody waited for yet keeps its number.
  const pid_t zombie = ::fork();
  if (zombie == 0) ::_exit(0);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(zombie), &ended, WEXITED | WNOWAIT), 0);
  const std::string of_zombie = "a.tmp-" + std::to_string(zombie) + "-0";
  put(file(of_zombie), "stale");
  remove_stale_temporaries(file(""));
  EXPECT_FALSE(fs::exists(file(of_zombie)));
  ASSERT_EQ(::waitpid(zombie, nullptr, 0), zombie);
}

// What a handler of signals does.
TEST_F(AtomicFileTest, WhatIsOpenCanBeTakenAway) {
  { AtomicFile(file("before")).write("x"); }
  AtomicFile done(file("done"));
  done.write("whole");
  done.commit();
  AtomicFile open(file("open"));
  open.write("half");
  TemporaryFile bare(file("bare"));
  std::ofstream(file("another's.tmp-1-1")) << "x";
  EXPECT_EQ(entries(), 4);
  remove_open_temporaries();
  EXPECT_EQ(entries(), 2);
  EXPECT_EQ(text_of(file("done")), "whole");
  EXPECT_TRUE(fs::exists(file("another's.tmp-1-1")));
  EXPECT_THROW(open.commit(), std::system_error);
  EXPECT_FALSE(fs::exists(file("open")));
}

TEST_F(AtomicFileTest, MoreFilesThanAreNotedDownAreWrittenAsWell) {
  std::vector<std::unique_ptr<AtomicFile>> files;
  for (int i = 0; i < 100; ++i) {
    files.push_back(std::make_unique<AtomicFile>(file(std::to_string(i))));
    files.back()->write("x");
  }
  for (const auto& one : files) one->commit();
  EXPECT_EQ(entries(), 100);
}

TEST_F(AtomicFileTest, ATemporaryFileNeedsNoName) {
  std::optional<TemporaryFile> out(std::in_place, file("a"));
  EXPECT_EQ(entries(), 1);
  const std::string_view first = "first ", second = "second";
  out->append(std::as_bytes(std::span(first)));
  out->hide();
  EXPECT_EQ(entries(), 0);
  out->append(std::as_bytes(std::span(second)));
  out->sync();
  const int descriptor = out->duplicate();
  out.reset();
  std::string text(16, '.');
  EXPECT_EQ(::pread(descriptor, text.data(), text.size(), 0), 12);
  EXPECT_EQ(text.substr(0, 12), "first second");
  ::close(descriptor);
  { const TemporaryFile named(file("a")); }
  EXPECT_EQ(entries(), 0);
  EXPECT_THROW(TemporaryFile{file("nowhere/a")}, std::system_error);
}

TEST_F(AtomicFileTest, FoldersAreNoFiles) {
  fs::create_directory(file("folder"));
  EXPECT_THROW(AtomicFile{file("folder")}, std::system_error);
  EXPECT_THROW(AtomicFile{file("nowhere/a")}, std::system_error);
  EXPECT_EQ(entries(), 1);
}

constexpr std::string_view kParts[] = {"part"};

TEST_F(AtomicFileTest, FoldersAreReplacedWhole) {
  for (const char* text : {"first", "second"}) {
    AtomicFolder out(file("folder/"), kParts);
    put(out.temporary() / "part", text);
    out.commit();
    EXPECT_EQ(text_of(file("folder/part")), text);
    EXPECT_EQ(entries(), 1);
    ASSERT_EQ(::chmod(file("folder").c_str(), 0750), 0);
  }
  EXPECT_EQ(mode_of(file("folder")), 0750U);
  { const AtomicFolder not_committed(file("folder"), kParts); }
  EXPECT_EQ(text_of(file("folder/part")), "second");
  EXPECT_EQ(entries(), 1);
}

TEST_F(AtomicFileTest, FoldersBehindLinksAreReplacedThere) {
  fs::create_directory(file("real"));
  fs::create_directory_symlink("real", file("link"));
  AtomicFolder out(file("link"), kParts);
  put(out.temporary() / "part", "new");
  out.commit();
  EXPECT_TRUE(fs::is_symlink(file("link")));
  EXPECT_EQ(text_of(file("real/part")), "new");
}

TEST_F(AtomicFileTest, FoldersWithOtherThingsAreLeftAlone) {
  fs::create_directory(file("folder"));
  put(file("folder/diary"), "dear");
  EXPECT_THROW(AtomicFolder(file("folder"), kParts), std::invalid_argument);
  put(file("plain"), "");
  EXPECT_THROW(AtomicFolder(file("plain"), kParts), std::invalid_argument);
  EXPECT_EQ(text_of(file("folder/diary")), "dear");
  EXPECT_EQ(entries(), 2);
}

}  // namespace
}  // namespace voxloom::test
