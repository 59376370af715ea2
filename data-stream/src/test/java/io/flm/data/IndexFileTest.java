package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.ShardTable.Range;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IndexFileTest {
    private static final ShardIdentity IDENTITY = new ShardIdentity(1 << 20, "\"mark\"", Instant.ofEpochSecond(7));

    @TempDir
    private Path folder = Path.of("");

    private static List<ShardIndex.Written> write(Path path, boolean anew) {
        List<ShardIndex.Written> written = new ArrayList<>();
        ShardIndex.write(List.of(path), RemoteSettings.defaults(), Optional.empty(), anew, written::add);
        return written;
    }

    private static List<Object> told(Path... paths) throws Exception {
        List<Object> told = new ArrayList<>();
        for (Split split : List.of(Split.ALL, Split.heldOut(0.3), Split.training(0.3))) {
            try (Dataset source = Dataset.open(List.of(paths), split)) {
                told.addAll(List.of(
                        source.sha256(),
                        source.shards(),
                        source.leftOut().counts(),
                        source.leftOut().names()));
                for (long i = 0; i < source.size(); i++) {
                    told.add(List.of(source.name(i), source.captions(i), source.imageSizeBytes(i)));
                }
            }
        }
        try (PictureSource pictures = PictureSource.open(List.of(paths))) {
            told.addAll(List.of(
                    pictures.sha256(),
                    pictures.leftOut().counts(),
                    pictures.leftOut().names()));
            for (long i = 0; i < pictures.size(); i++) {
                told.add(pictures.name(i));
            }
        }
        return told;
    }

    private Path shard(String name) {
        Shards shards = Shards.of(30);
        for (int i = 0; i < 250; i++) { // more than are named
            shards.with("left/" + i + ".cls", "1");
        }
        return shards.with("alone.png", Shards.png(4, 4, 9))
                .with("s001.json", "{\"caption\": \"said in JSON\"}")
                .with("lost.txt", "no picture")
                .with("é.png", Shards.png(4, 4, 8))
                .with("é.txt", "a letter of two bytes")
                .write(folder.resolve(name));
    }

    @Test
    void samplesOrderDigestAndWhatIsLeftOutAreTheSameWithAndWithout() throws Exception {
        Path one = shard("a.tar");
        Path other = shard("b.tar");
        List<Object> without = told(one, other);
        List<Object> ofFolder = told(folder);
        assertThat(write(one, false)).singleElement().satisfies(table -> {
            assertThat(table.state()).isEqualTo(ShardIndex.State.WRITTEN);
            assertThat(table.samples()).isEqualTo(31);
            assertThat(table.pictures()).isEqualTo(32);
            assertThat(table.fileBytes()).isEqualTo(Files.size(table.file().orElseThrow()));
        });
        assertThat(write(one, false).get(0).state()).isEqualTo(ShardIndex.State.KEPT);
        assertThat(write(one, true).get(0).state()).isEqualTo(ShardIndex.State.WRITTEN);
        assertThat(told(one, other)).isEqualTo(without);
        assertThat(told(folder)).as("tables are no files beside shards").isEqualTo(ofFolder);
    }

    /** A header in the middle is made unreadable, so that a pass over the shard cannot end well. */
    @Test
    void aTableThatFitsSparesThePassAndOneThatDoesNotFitIsPassedOver() throws Exception {
        Path shard = shard("a.tar");
        List<Object> before = told(shard);
        FileTime changed = Files.getLastModifiedTime(shard);
        write(shard, false);
        byte[] header = new byte[512];
        try (FileChannel channel = FileChannel.open(shard, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            channel.read(ByteBuffer.wrap(header), 2048);
            channel.write(ByteBuffer.allocate(512).put(0, (byte) 'x'), 2048);
        }
        Files.setLastModifiedTime(shard, changed);
        assertThat(told(shard)).isEqualTo(before);
        Files.setLastModifiedTime(shard, FileTime.from(changed.toInstant().plusMillis(1)));
        assertThatThrownBy(() -> told(shard))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("byte 2048: no header of a tar entry");
        try (FileChannel channel = FileChannel.open(shard, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(header), 2048);
        }
        assertThat(told(shard)).as("by a pass").isEqualTo(before);
    }

    @Test
    void damageAnywhereIsNoticed() throws Exception {
        byte[] file = IndexFile.of(contents(0, 100), IDENTITY, "a.tar");
        assertThat(IndexFile.read(file, IDENTITY).table().key(1)).isEqualTo("b");
        for (int i = 0; i < file.length; i++) {
            byte[] damaged = file.clone();
            damaged[i] ^= 4;
            assertThatThrownBy(() -> IndexFile.read(damaged, IDENTITY))
                    .as("byte %d", i)
                    .isInstanceOf(IndexFile.Unfit.class);
            byte[] cut = Arrays.copyOf(file, i);
            assertThatThrownBy(() -> IndexFile.read(cut, IDENTITY)).isInstanceOf(IndexFile.Unfit.class);
        }
        byte[] newer = file.clone();
        newer[10] = '3';
        assertThatThrownBy(() -> IndexFile.read(newer, IDENTITY)).hasMessage("is of another version of this program");
    }

    @Test
    void aTableOfOtherBytesIsNotBelieved() {
        byte[] file = IndexFile.of(contents(0, 100), IDENTITY, "a.tar");
        for (ShardIdentity other : List.of(
                new ShardIdentity(IDENTITY.sizeBytes() + 1, IDENTITY.etag(), IDENTITY.changed()),
                new ShardIdentity(IDENTITY.sizeBytes(), "\"other\"", IDENTITY.changed()),
                new ShardIdentity(IDENTITY.sizeBytes(), "", IDENTITY.changed()))) {
            assertThatThrownBy(() -> IndexFile.read(file, other))
                    .isInstanceOf(IndexFile.Unfit.class)
                    .hasMessageContaining("of other bytes");
        }
    }

    /** As it is of files of archives that are made the same again. */
    @Test
    void aShardWithoutATimeHasNoTable() throws Exception {
        Path shard = shard("a.tar");
        Files.setLastModifiedTime(shard, FileTime.fromMillis(0));
        List<Object> before = told(shard);
        assertThat(write(shard, false)).singleElement().satisfies(table -> {
            assertThat(table.state()).isEqualTo(ShardIndex.State.UNMARKED);
            assertThat(table.samples()).isEqualTo(31);
            assertThat(table.file()).isEmpty();
        });
        assertThat(TarFiles.beside(shard)).doesNotExist();
        ShardIdentity unmarked = ShardIdentity.ofFile(Files.size(shard), FileTime.fromMillis(0));
        IndexFile.put(nothing(unmarked), TarFiles.beside(shard));
        assertThat(told(shard)).isEqualTo(before);
    }

    /** A table that says that there is nothing in a shard. */
    static byte[] nothing(ShardIdentity identity) {
        ShardTable none = new ShardTable.Builder().build();
        return IndexFile.of(new ShardContents(none, new LeftOut(), new LeftOut()), identity, "a.tar");
    }

    /** Somebody may have made it with the right checksum. */
    @Test
    void noTableLeadsOutOfItsShardOrTakesMoreMemoryThanItHasBytes() throws Exception {
        assertThatThrownBy(() -> IndexFile.read(IndexFile.of(contents(1 << 20, 1), IDENTITY, "a.tar"), IDENTITY))
                .hasMessage("has no sound form");
        assertThatThrownBy(() ->
                        IndexFile.read(IndexFile.of(contents((1 << 20) - 512, 513), IDENTITY, "a.tar"), IDENTITY))
                .hasMessage("has no sound form");
        assertThat(IndexFile.read(IndexFile.of(contents((1 << 20) - 512, 512), IDENTITY, "a.tar"), IDENTITY)
                        .table()
                        .size())
                .isEqualTo(3);
        byte[] good = IndexFile.of(contents(0, 100), IDENTITY, "a.tar");
        int behindIdentity = 12 + 32 + 8 + 4 + IDENTITY.etag().length() + 8 + 4;
        for (int field = 0; field < 4; field++) { // pictures, bytes of keys, jsons, texts
            for (int value : new int[] {-1, 1, 2, 4, 1 << 28, Integer.MAX_VALUE}) {
                byte[] claimed = good.clone();
                ByteBuffer.wrap(claimed).putInt(behindIdentity + 4 * field, value);
                if (!Arrays.equals(claimed, good)) {
                    assertThatThrownBy(() -> IndexFile.read(signed(claimed), IDENTITY))
                            .as("field %d is %d", field, value)
                            .isInstanceOf(IndexFile.Unfit.class);
                }
            }
        }
    }

    private static byte[] signed(byte[] file) {
        byte[] content = Arrays.copyOfRange(file, 44, file.length);
        return ByteBuffer.wrap(file.clone())
                .put(12, Sha256.newDigest().digest(content))
                .array();
    }

    private static ShardContents contents(long offset, int sizeBytes) {
        ShardTable.Builder table = new ShardTable.Builder();
        table.add("a", new Range(512, 30), null, new Range(1536, 3));
        table.add("b", new Range(2048, 0), new Range(4096, 7), null);
        table.add("c", new Range(offset == 0 ? 512 : offset, sizeBytes), null, null);
        LeftOut others = new LeftOut();
        others.add("x.cls", "neither a picture nor a caption");
        return new ShardContents(table.build(), others, new LeftOut());
    }

    /** What the description says: 12 bytes, 8 for each form of captions, and the key. */
    @Test
    void aPictureTakesTwentyBytesAndItsKey() throws IOException {
        ShardTable.Builder texts = new ShardTable.Builder();
        ShardTable.Builder both = new ShardTable.Builder();
        for (int i = 0; i < 1000; i++) {
            texts.add(String.format("%09d", i), new Range(512L * i + 512, 9), null, new Range(512, 1));
            both.add(String.format("%09d", i), new Range(512L * i + 512, 9), new Range(512, 1), new Range(512, 1));
        }
        assertThat(texts.build().sizeBytes()).isEqualTo(1000 * (20 + 9));
        assertThat(both.build().sizeBytes()).isEqualTo(1000 * (28 + 9));
        Path shard = Shards.of(500).write(folder.resolve("a.tar"));
        assertThat(write(shard, false).get(0).memoryBytes()).isEqualTo(500 * (20 + 4));
    }

    @Test
    void placesBeyondTwoGigabytesAreKept() throws Exception {
        long far = (1L << 40) + 512;
        ShardTable.Builder table = new ShardTable.Builder();
        table.add("a", new Range(far, 77), null, new Range(far + 512, 5));
        ShardIdentity identity = new ShardIdentity(2L << 40, "", Instant.ofEpochSecond(3));
        ShardContents contents = new ShardContents(table.build(), new LeftOut(), new LeftOut());
        ShardTable read = IndexFile.read(IndexFile.of(contents, identity, "a.tar"), identity)
                .table();
        assertThat(read.image(0)).isEqualTo(new Range(far, 77));
        assertThat(read.text(0)).isEqualTo(new Range(far + 512, 5));
        assertThat(read.json(0)).isNull();
    }

    @Test
    void aPackedShardHasNone() throws Exception {
        Path packed = Path.of("emoji/emoji-fluent.tar.gz");
        assertThat(write(packed, false).get(0).state()).isEqualTo(ShardIndex.State.PACKED);
        assertThat(TarFiles.beside(packed)).doesNotExist();
    }
}
