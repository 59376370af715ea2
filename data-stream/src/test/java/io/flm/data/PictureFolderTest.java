package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureFolderTest {
    @TempDir
    private Path folder = Path.of("");

    private void write(String path, byte[] content) throws IOException {
        Path file = folder.resolve(path);
        Files.createDirectories(file.getParent());
        Files.write(file, content);
    }

    private void pictures() throws IOException {
        write("val/b.png", Shards.png(4, 4, 0x0000ff));
        write("val/a.jpg", Shards.png(5, 5, 0xff0000));
        write("c.v1.png", Shards.png(6, 6, 0));
    }

    @Test
    void picturesAreFoundByTheirPathOrNameWithOrWithoutTheEnd() throws IOException {
        pictures();
        try (PictureSource source = PictureSource.open(List.of(folder))) {
            assertThat(source.size()).isEqualTo(3);
            assertThat(source.key(0)).isEqualTo("c.v1");
            assertThat(source.key(1)).isEqualTo("val/a");
            assertThat(source.name(2)).isEqualTo(folder.getFileName() + ":val/b");
            for (String key : List.of("val/a", "val/a.jpg", "a", "a.jpg")) {
                assertThat(source.find(key)).as(key).isEqualTo(OptionalLong.of(1));
            }
            assertThat(source.find("c.v1")).isEqualTo(OptionalLong.of(0));
            assertThat(source.find("c")).isEmpty();
            assertThat(source.find("test/a")).isEmpty();
            assertThat(source.find("../val/a")).isEmpty();
            assertThat(source.image(1)).isEqualTo(Shards.png(5, 5, 0xff0000));
            assertThat(source.imageSizeBytes(1)).isEqualTo(Shards.png(5, 5, 0xff0000).length);
        }
    }

    /** macOS writes accents apart: the two names look the same. */
    @Test
    void aNameWithAccentsIsFoundInEitherSpelling() throws IOException {
        String composed = "b\u00e4r";
        String apart = "ba\u0308r";
        write("val/" + apart + ".png", Shards.png(4, 4, 0x0000ff));
        write("na\u00efve.png", Shards.png(4, 4, 0x0000ff));
        try (PictureSource source = PictureSource.open(List.of(folder))) {
            for (String key : List.of(apart, composed, "val/" + composed + ".png")) {
                assertThat(source.find(key)).as(key).isEqualTo(OptionalLong.of(1));
            }
            assertThat(source.find("nai\u0308ve")).isEqualTo(OptionalLong.of(0));
            assertThat(source.findWhole("val/" + composed, 0, 2)).isEqualTo(OptionalLong.of(1));
            assertThat(source.find("bar")).isEmpty();
        }
        write("val/" + composed + ".png", Shards.png(4, 4, 0x0000ff));
        try (PictureSource source = PictureSource.open(List.of(folder))) {
            assertThat(source.find(apart)).isNotEqualTo(source.find(composed)).isPresent();
        }
    }

    @Test
    void theHashIsOfNamesAndSizesWhereverTheFolderLies() throws IOException {
        pictures();
        String first = sha256(folder);
        Path moved = folder.resolve("moved");
        Files.createDirectories(moved);
        Files.move(folder.resolve("val"), moved.resolve("val"));
        Files.move(folder.resolve("c.v1.png"), moved.resolve("c.v1.png"));
        assertThat(sha256(moved)).isEqualTo(first).isNotEqualTo(sha256(folder));
        Files.write(moved.resolve("val/a.jpg"), new byte[7]);
        assertThat(sha256(moved)).isNotEqualTo(first);
    }

    private static String sha256(Path folder) {
        try (PictureSource source = PictureSource.open(List.of(folder))) {
            return source.sha256();
        }
    }

    @Test
    void whateverIsNoPictureIsLeftOutAndNamedOnOneLine() throws IOException {
        pictures();
        write("val/b.webp", new byte[3]); // the second of its key by name
        write("val/.hidden.png", new byte[3]);
        write("val/two\nlines\u001b[2J.png", Shards.png(4, 4, 0));
        write("notes.txt", new byte[3]);
        Files.createSymbolicLink(folder.resolve("loop"), folder);
        Files.createSymbolicLink(folder.resolve("gone.png"), folder.resolve("nowhere"));
        Files.createSymbolicLink(folder.resolve("linked.png"), folder.resolve("val/b.png"));
        try (PictureSource source = PictureSource.open(List.of(folder))) {
            List<String> names = new ArrayList<>();
            for (long index = 0; index < source.size(); index++) {
                names.add(source.name(index)
                        .substring(folder.getFileName().toString().length() + 1));
            }
            assertThat(names).containsExactly("c.v1", "linked", "val/a", "val/b", "val/two lines\\u001b[2J");
            assertThat(source.leftOut().counts().toString())
                    .isEqualTo(
                            "{png: a hidden file=1, png: a link to nothing, a pipe or a device=1, txt: no picture (jpg,"
                                    + " png, webp, gif, bmp, tif)=1, webp: a second picture of its key=1, without a kind: a link to a folder=1}");
        }
    }

    @Test
    void aFileThatChangedIsNotRead() throws IOException {
        pictures();
        try (PictureSource source = PictureSource.open(List.of(folder))) {
            Files.write(folder.resolve("val/a.jpg"), new byte[20_000]);
            assertThatThrownBy(() -> source.image(1))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("val/a.jpg has another size than when it was listed");
        }
    }

    @Test
    void tooManyFilesAreRefused() throws IOException {
        pictures();
        assertThat(PictureFolder.open(folder, "f", 3).size()).isEqualTo(3);
        assertThatThrownBy(() -> PictureFolder.open(folder, "f", 2))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("more than 2 files; pack its pictures into tar files");
    }

    @Test
    void aFolderWithoutAPictureIsRefused() throws IOException {
        write("readme.txt", new byte[3]);
        assertThatThrownBy(() -> PictureSource.open(List.of(folder)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(
                        "holds no picture (jpg, png, webp, gif, bmp, tif), nor a .tar or .tar.gz, but 1 txt");
        assertThatThrownBy(() -> PictureSource.open(List.of(folder.resolve("nowhere"))))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no such file or folder");
        assertThatThrownBy(() -> PictureSource.open(List.of())).isInstanceOf(UserException.class);
    }

    @Test
    void shardsAndFoldersAreOneSource() throws IOException {
        pictures();
        Path shards = folder.resolve("../" + folder.getFileName() + "-shards");
        Files.createDirectories(shards);
        Path shard = new Shards()
                .with("noto/1.png", Shards.png(7, 7, 0)) // without a caption
                .with("noto/2.png", Shards.png(8, 8, 0))
                .with("noto/2.txt", "two")
                .with("val/a.png", Shards.png(8, 8, 0))
                .write(shards.resolve("a.tar"));
        try (PictureSource source = PictureSource.open(List.of(folder, shard))) {
            assertThat(source.size()).isEqualTo(6);
            assertThat(source.find("noto/1")).isEqualTo(OptionalLong.of(0));
            assertThat(source.find("val/b")).isEqualTo(OptionalLong.of(5));
            assertThat(source.name(5)).endsWith(":val/b");
            assertThat(source.image(5)).isEqualTo(Shards.png(4, 4, 0x0000ff));
            assertThat(source.imageSizeBytes(0)).isEqualTo(Shards.png(7, 7, 0).length);
            assertThatThrownBy(() -> source.find("val/a"))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("a.tar:val/a and ")
                    .hasMessageContaining(":val/a are both found by the key val/a");
            assertThatThrownBy(() -> source.key(6)).isInstanceOf(IndexOutOfBoundsException.class);
        }
        try (PictureSource source = PictureSource.open(List.of(shards))) {
            assertThat(source.size()).isEqualTo(3);
        } finally {
            FileTree.delete(shards);
        }
    }

    @Test
    void shardsWithoutCaptionsAreNoTrainingDataForPretraining() {
        Path shard = new Shards()
                .with("1.png", Shards.png(7, 7, 0))
                .with("2.png", Shards.png(7, 7, 0))
                .write(folder.resolve("a.tar"));
        assertThatThrownBy(() -> Dataset.open(List.of(shard)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(
                        "hold no sample, a picture (jpg, png, webp, gif, bmp, tif) beside a txt or json of the same name,"
                                + " but 2 png: a picture without a caption (txt, json)");
        Path empty = new Shards().with("1.txt", "one").write(folder.resolve("b.tar"));
        assertThatThrownBy(() -> PictureSource.open(List.of(empty)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("hold no picture (jpg, png, webp, gif, bmp, tif), but 1 txt");
    }

    @Test
    void aDatasetOfCaptionsHasTheSameHashAsItsPictures() {
        Path shard = Shards.of(5).write(folder.resolve("a.tar"));
        try (Dataset captions = Dataset.open(List.of(shard));
                PictureSource pictures = PictureSource.open(List.of(shard))) {
            assertThat(pictures.sha256()).isEqualTo(captions.sha256());
        }
    }

    @Test
    void picturesThatTwoSetsShowAreCounted() throws IOException {
        pictures();
        Listed first = new Listed(List.of(
                Listed.One.of("a", List.of(0L, 1L), List.of("x")), Listed.One.of("b", List.of(1L), List.of("x"))));
        Listed second = new Listed(List.of(Listed.One.of("c", List.of(1L, 2L, 2L), List.of("x"))));
        try (PictureSource one = PictureSource.open(List.of(folder));
                PictureSource other = PictureSource.open(List.of(folder))) {
            SharedPictures shared = SharedPictures.of(first, one, second, other);
            assertThat(shared).isEqualTo(new SharedPictures(1, 2, 2));
            assertThat(shared.sentence())
                    .hasValueSatisfying(sentence -> assertThat(sentence)
                            .startsWith("1 of the 2 pictures to score on are among the 2 that are trained on"));
            Files.write(folder.resolve("val/a.jpg"), new byte[20]);
            try (PictureSource changed = PictureSource.open(List.of(folder))) {
                assertThat(SharedPictures.of(first, one, second, changed).sentence())
                        .isEmpty();
            }
        }
    }
}
