package io.flm.data.annotation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.flm.data.RemoteSettings;
import io.flm.data.SampleException;
import io.flm.data.Sha256;
import io.flm.data.Shard;
import io.flm.data.ShardFiles;
import io.flm.data.UserException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CaptionTableTest {
    @TempDir
    private Path folder = Path.of("");

    private Path pictures = Path.of("");
    private final ShardFiles files = new ShardFiles();

    @BeforeEach
    void makePictures() throws IOException {
        pictures = Files.createDirectories(folder.resolve("pictures"));
        Files.createDirectory(pictures.resolve("val"));
        for (String name : List.of("a.png", "b.png", "c.png", "val/d.png")) {
            Files.writeString(pictures.resolve(name), "content of " + name);
        }
    }

    @AfterEach
    void close() throws IOException {
        files.close();
    }

    private PicturePlaces places() {
        return places(pictures);
    }

    private PicturePlaces places(Path... paths) {
        PicturePlaces places = PicturePlaces.open(List.of(paths), RemoteSettings.defaults());
        files.closeToo(places.source());
        return places;
    }

    @Test
    void aPathWithItsFolderMeansAPictureOfThatFolderAlone() throws Exception {
        Path train = Files.createDirectories(folder.resolve("d/train/thumbs"));
        Path val = Files.createDirectories(folder.resolve("d/val"));
        Files.writeString(train.resolveSibling("1.png"), "of train");
        Files.writeString(train.resolve("2.png"), "a thumb of train");
        Files.writeString(train.resolve("3.png"), "a thumb of train");
        Files.writeString(val.resolve("1.png"), "of val");
        Files.writeString(val.resolve("3.png"), "of val");
        Path table = file(
                "t.csv",
                "image,caption\nval/1.png,a\nval/2.png,b\ntrain/1.png,c\ntrain/2.png,d\n" + val.resolve("3.png")
                        + ",e\ntrain/thumbs/2.png,f\n");
        for (Path[] order : new Path[][] {{train.getParent(), val}, {val, train.getParent()}}) {
            Shard shard = CaptionTable.ofCsv(table, "t.csv", ',', places(order), files);
            List<String> read = new ArrayList<>();
            for (int sample = 0; sample < shard.size(); sample++) {
                read.add(new String(shard.image(sample), StandardCharsets.UTF_8) + shard.captions(sample));
            }
            assertThat(read).containsExactly("of val[a]", "of train[c]", "of val[e]", "a thumb of train[f]");
        }
        Path other = Files.createDirectories(folder.resolve("e/val"));
        Files.writeString(other.resolve("1.png"), "of another");
        assertThatThrownBy(() -> CaptionTable.ofCsv(table, "t.csv", ',', places(val, other), files))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("d/val:1 and e/val:1 are both called val/1.png, so which one is meant");
    }

    @Test
    void ofTwoFilesOfAKeyTheOneThatIsNotTakenIsNotThere() throws Exception {
        Files.writeString(pictures.resolve("a.jpg"), "content of a.jpg");
        Shard shard =
                csv("image,caption\na.png,the png\npictures/a.png,the same\na.jpg,the jpg\nd.png,a fly\na,either\n");
        assertThat(keys(shard)).containsExactly("a", "val/d");
        assertThat(shard.captions(0)).containsExactly("the jpg", "either");
        assertThat(shard.image(0)).asString(StandardCharsets.UTF_8).isEqualTo("content of a.jpg");
        assertThat(files.leftOut().names())
                .contains(
                        "t.csv:a.png: a picture that is not there",
                        "t.csv:pictures/a.png: a picture that is not there");
    }

    private Shard csv(String content) throws IOException {
        return CaptionTable.ofCsv(file("t.csv", content), "t.csv", ',', places(), files);
    }

    private Shard tsv(String content) throws IOException {
        return CaptionTable.ofCsv(file("t.tsv", content), "t.tsv", '\t', places(), files);
    }

    private Shard json(String content) throws IOException {
        return CaptionTable.ofJson(file("t.json", content), "t.json", places(), false, files);
    }

    private Path file(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    private static List<String> keys(Shard shard) {
        return IntStream.range(0, shard.size()).mapToObj(shard::key).toList();
    }

    @Test
    void aTableWithNamesOfColumnsMayHaveOthersToo() throws Exception {
        Shard shard =
                csv("id,Caption,split,filepath\r\n1,a bee,train,b.png\r\n2,a fly,val,val/d.png\r\n3,a wasp,val,b\r\n");
        assertThat(keys(shard)).containsExactly("b", "val/d");
        assertThat(shard.captions(0)).containsExactly("a bee", "a wasp"); // lines of one picture
        assertThat(shard.captions(1)).containsExactly("a fly");
        assertThat(shard.image(1)).asString(StandardCharsets.UTF_8).isEqualTo("content of val/d.png");
        assertThat(shard.imageSizeBytes(1)).isEqualTo(20);
        assertThat(files.leftOut().total()).isZero();
    }

    @Test
    void aTableWithoutNamesHasThePictureFirst() throws Exception {
        assertThat(csv("c.png,a cat\na.png,an ant\n").captions(1)).containsExactly("an ant");
        assertThat(keys(tsv("c.png\ta cat, red\n\na.png\tan ant"))).containsExactly("c", "a");
        assertThat(tsv("c.png\ta cat, red\n").captions(0)).containsExactly("a cat, red");
    }

    @Test
    void quotesAreThoseOfRfc4180() throws Exception {
        Shard shard = csv("image,caption\n\"a.png\",\"a \"\"red\"\" ant,\nand a bee\"\nb.png,a 2\" nail\nc.png,\"\"\n");
        assertThat(shard.captions(0)).containsExactly("a \"red\" ant,\nand a bee");
        assertThat(shard.captions(1)).containsExactly("a 2\" nail");
        assertThatThrownBy(() -> shard.captions(2))
                .isInstanceOf(SampleException.class)
                .hasMessage("t.csv:c: the text is empty");
    }

    @Test
    void lettersOfAllWidthsComeBackAsTheyAreAndAMarkIsNone() throws Exception {
        assertThat(csv("\ufeffimage,caption\na.png,ä € 😀\n").captions(0)).containsExactly("ä € 😀");
        String half =
                "{\"images\": [{\"id\": 1, \"file_name\": \"a.png\"}], \"annotations\": [{\"image_id\": 1, \"caption\":"
                        + " \"x \\ud83d\"}]}";
        assertThatThrownBy(() -> json(half).captions(0)).hasMessageContaining("half of a pair of surrogates");
    }

    @Test
    void picturesAreFoundFromWhereTheirPathBegins() throws Exception {
        String table = "image,caption\n./a.png,1\npictures/b.png,2\n"
                + pictures.resolve("c.png").toAbsolutePath() + ",3\n" + folder.getFileName()
                + "/pictures/val/d.png,4\n";
        assertThat(keys(csv(table))).containsExactly("a", "b", "c", "val/d");
        assertThat(files.leftOut().total()).isZero();
    }

    @Test
    void nothingLeadsOutOfTheFoldersThatWereGiven() throws Exception {
        file("secret.png", "a secret");
        Shard shard = csv("image,caption\na.png,1\n../secret.png,2\n" + folder.resolve("secret.png")
                + ",3\npictures/../secret.png,4\n");
        assertThat(keys(shard)).containsExactly("a");
        assertThat(files.leftOut().counts()).containsExactly(Map.entry("csv: a picture that is not there", 3L));
    }

    @Test
    void linesThatAreNoSampleAreCountedAndNamed() throws Exception {
        Shard shard = csv("image,caption\nx.png,1\na.png,an ant\nb.png\n,nothing\n\n  \n");
        assertThat(keys(shard)).containsExactly("a");
        assertThat(files.leftOut().names())
                .containsExactly(
                        "t.csv:x.png: a picture that is not there",
                        "t.csv:4: a line without a caption",
                        "t.csv:5: a line without a picture");
        assertThat(files.leftOut().counts())
                .hasSize(3)
                .allSatisfy((kind, count) -> assertThat(count).isOne());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            url,caption;https://a.b/c.png,x       | 1: pictures as URLs (column url), which are not fetched
            image,caption;a.png,x;HTTP://a/b.png,y | 3: pictures as URLs (HTTP://a/b.png), which are not fetched
            https://a.b/c.png,x                   | 1: pictures as URLs (https://a.b/c.png), which are not fetched
            a cat,s3://a/c.png                    | 1: pictures as URLs (s3://a/c.png), which are not fetched
            photo,caption                         | 1: no column of pictures (image, picture,
            filepath\ttitle                       | 1: tabs separate its values, and its name says that commas do; call it .tsv
            image,words                           | 1: no column of captions (caption, title, text) among image, words;
            a.png,x,y                             | 1: no column of pictures (image, picture,
            a.png                                 | 1: no column of pictures (image, picture,
            image,caption;a.png,"x" y             | 2: letters behind a closing quote, or a quote that is never closed;
            image,caption;a.png,"x                | letters behind a closing quote, or a quote that is never closed;
            image,caption;q.png,x                 |  none of its 1 pictures is there, such as q.png; give the tar files or folders that hold them beside it (there are 4 pictures, such as pictures:a)
            image,caption                         |  no picture has a caption; give another file
            """)
    void otherTablesAreRefusedInALineThatSaysWhere(String content, String cause) {
        assertThatThrownBy(() -> csv(content.replace(';', '\n')))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(folder.resolve("t.csv") + ":")
                .hasMessageContaining(cause)
                .hasMessageNotContaining("\n");
    }

    @Test
    void valuesAndLinesWithoutAnEndAreRefused() throws IOException {
        String large = "image,caption\na.png,\"" + "x".repeat(200_000) + "\"\n";
        assertThatThrownBy(() -> csv(large))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("more than 65536 letters");
        String wide = "image,caption" + ",x".repeat(2000) + "\n";
        assertThatThrownBy(() -> csv(wide))
                .hasMessage(folder.resolve("t.csv") + ":1: more than 1000 columns; give another file");
        Path latin = Files.write(
                folder.resolve("l.csv"), "image,caption\na.png,d\u00e9j\u00e0\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> CaptionTable.ofCsv(latin, "l.csv", ',', places(), files))
                .hasMessage(latin + ": not in UTF-8; convert it with iconv");
        Path none = folder.resolve("none.csv");
        assertThatThrownBy(() -> CaptionTable.ofCsv(none, "none.csv", ',', places(), files))
                .hasMessage(none + ": no such file or folder; give other data");
    }

    @Test
    void packedTablesAreReadAndCutOnesRefused() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write("image,caption\na.png,an ant\n".getBytes(StandardCharsets.UTF_8));
        }
        Path file = Files.write(folder.resolve("t.csv.gz"), packed.toByteArray());
        assertThat(keys(CaptionTable.ofCsv(file, "t.csv.gz", ',', places(), files)))
                .containsExactly("a");
        Path cut = Files.write(folder.resolve("c.csv.gz"), Arrays.copyOf(packed.toByteArray(), packed.size() - 9));
        assertThatThrownBy(() -> CaptionTable.ofCsv(cut, "c.csv.gz", ',', places(), files))
                .hasMessage(cut + ": gzip that is cut before its end; fetch it again");
    }

    private static final String IMAGES =
            "\"images\": [{\"id\": 7, \"file_name\": \"c.png\"}, {\"id\": \"x-1\", \"file_name\":"
                    + " \"a.png\"}, {\"id\": 8, \"file_name\": \"gone.png\"}, {\"id\": 9, \"file_name\": \"b.png\"}]";
    private static final String ANNOTATIONS =
            "\"annotations\": [{\"image_id\": \"x-1\", \"caption\": \"one\"}, {\"image_id\": 7,"
                    + " \"caption\": \"two\"}, {\"image_id\": 8, \"caption\": \"lost\"}, {\"image_id\": \"x-1\", \"caption\": \"three\"}]";

    @Test
    void cocosCaptionsMayStandBeforeTheirPictures() throws Exception {
        for (String content : List.of(IMAGES + ", " + ANNOTATIONS, ANNOTATIONS + ", " + IMAGES)) {
            Shard shard = json("{" + content + "}");
            assertThat(keys(shard)).containsExactly("c", "a");
            assertThat(shard.captions(0)).containsExactly("two");
            assertThat(shard.captions(1)).containsExactly("one", "three");
        }
        assertThat(files.leftOut().counts())
                .containsEntry("json: a picture that is not there", 2L)
                .containsEntry("json: a picture without a caption", 2L);
    }

    @Test
    void idsOfOnePictureAreOneSampleWithAllCaptions() throws Exception {
        Shard shard = json("{\"images\": [{\"id\": 1, \"file_name\": \"c.png\"}, {\"id\": 2, \"file_name\": \"a.png\"},"
                + " {\"id\": 3, \"file_name\": \"c\"}, {\"id\": 4, \"file_name\": \"./c.png\"}], \"annotations\":"
                + " [{\"image_id\": 4, \"caption\": \"sixth\"}, {\"image_id\": 3, \"caption\": \"third\"}, {\"image_id\": 1,"
                + " \"caption\": \"first\"}, {\"image_id\": 2, \"caption\": \"other\"}, {\"image_id\": 1, \"caption\":"
                + " \"second\"}, {\"image_id\": 3, \"caption\": \"f\u00fcnfte €\"}]}");
        assertThat(keys(shard)).containsExactly("c", "a");
        assertThat(shard.captions(0)).containsExactly("first", "second", "third", "f\u00fcnfte €", "sixth");
        assertThat(shard.captions(1)).containsExactly("other");
    }

    @Test
    void moreCaptionsThanASampleMayHaveAreABadSampleEvenIfTheyAreEmpty() throws Exception {
        Shard shard = csv("image,caption\n" + "a.png,\n".repeat(20_000) + "b.png,x\n".repeat(10_000));
        assertThatThrownBy(() -> shard.captions(0))
                .isInstanceOf(SampleException.class)
                .hasMessage("t.csv:a: it has more than 10000 captions");
        assertThat(shard.captions(1)).hasSize(10_000);
    }

    @Test
    void anEntryAndAnIdMayHoldSoManyLettersAndNoMore() {
        String long1 = "x".repeat(60_000);
        String sentences = ("{\"raw\": \"" + long1 + "\"}, ").repeat(18) + "{\"raw\": \"x\"}";
        assertThatThrownBy(() -> json("{\"images\": [{\"filename\": \"a.png\", \"split\": \"train\", \"imgid\": 1,\n"
                        + "\"sentences\": [" + sentences + "]}]}"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("t.json:2: an entry of more than 1048576 letters");
        String names = "{\"" + "n".repeat(40_000);
        StringBuilder named = new StringBuilder();
        for (int i = 0; i < 30; i++) {
            named.append(named.isEmpty() ? names : ", " + names.substring(1))
                    .append(i)
                    .append("\": 1");
        }
        assertThatThrownBy(() -> json("{\"images\": [{\"id\": 1, \"file_name\": " + named + "}}]}"))
                .hasMessageContaining("an entry of more than 1048576 letters");
        assertThatThrownBy(
                        () -> json("{\"images\": [{\"id\": \"" + "i".repeat(4097) + "\", \"file_name\": \"a.png\"}]}"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("t.json:1: its \"id\" is not a text of at most 4096 letters");
    }

    @Test
    void idsThatMeetAtOnePlaceByTheGoldenRatioTakeNoTime() {
        long inverse = 1; // of the golden ratio's multiplier, by Newton's steps
        for (int i = 0; i < 6; i++) {
            inverse *= 2 - 0x9e3779b97f4a7c15L * inverse;
        }
        long step = inverse;
        assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
            LongSlots slots = new LongSlots();
            for (int i = 0; i < 400_000; i++) {
                assertThat(slots.add(i * step)).isEqualTo(i);
            }
            assertThat(slots.add(step)).isOne();
            assertThat(slots.key(7)).isEqualTo(7 * step);
        });
    }

    @Test
    void aFileThatContradictsItselfIsRefused() {
        assertThatThrownBy(() -> json("{" + ANNOTATIONS + "}")).hasMessageContaining("no picture in \"images\"");
        assertThatThrownBy(() -> json("{\"images\": [{\"id\": 7, \"file_name\": \"c.png\"}], " + ANNOTATIONS + "}"))
                .hasMessageContaining("captions of 2 pictures that are not in \"images\", the first image_id x-1");
        assertThatThrownBy(() -> json("{\"images\": [{\"id\": 7, \"file_name\": \"c.png\"}, {\"id\": 7, \"file_name\":"
                        + " \"a.png\"}]}"))
                .hasMessageContaining("picture 7 is there twice");
        assertThatThrownBy(() -> json("{" + IMAGES + "}")).hasMessageContaining("no picture has a caption");
    }

    @Test
    void ofKarpathysSplitsThoseToTrainOnOrToScoreOnAreTaken() throws Exception {
        StringBuilder images = new StringBuilder();
        for (String[] each : new String[][] {{"a", "train"}, {"b", "val"}, {"c", "restval"}, {"d", "test"}}) {
            images.append(images.isEmpty() ? "" : ", ")
                    .append("{\"filename\": \"" + each[0] + ".png\", \"split\": \"" + each[1] + "\", \"imgid\": "
                            + (int) each[0].charAt(0) + ", \"sentences\": [{\"raw\": \"one " + each[0]
                            + "\"}, {\"raw\": \"two\"}]}");
        }
        Path file = file("k.json", "{\"images\": [" + images + "], \"dataset\": \"flickr30k\"}");
        Shard trained = CaptionTable.ofJson(file, "k.json", places(), false, files);
        assertThat(keys(trained)).containsExactly("a", "c");
        assertThat(trained.captions(1)).containsExactly("one c", "two");
        assertThat(keys(CaptionTable.ofJson(file, "k.json", places(), true, files)))
                .containsExactly("val/d");
    }

    @Test
    void moreLettersThanASampleMayHaveAreABadSample() throws Exception {
        StringBuilder table = new StringBuilder("image,caption\n");
        for (int i = 0; i < 5; i++) {
            table.append("a.png,").append("long words ".repeat(2000)).append("\n");
        }
        Shard shard = csv(table.append("b.png,a bee\n").toString());
        assertThatThrownBy(() -> shard.captions(0))
                .isInstanceOf(SampleException.class)
                .hasMessageMatching("t.csv:a: the caption has [0-9,]+ letters, more than 65,536");
        assertThat(shard.captions(1)).containsExactly("a bee");
    }

    @Test
    void captionsOfAnyLengthComeBackInTheirOrder() throws IOException {
        try (CaptionSpool spool = CaptionSpool.create(folder)) {
            List<String> all = new ArrayList<>();
            long last = CaptionSpool.NONE;
            for (int i = 0; i < 60; i++) {
                all.add("ü" + "y".repeat(i * 30) + (i % 2 == 0 ? "€" : "") + i);
                last = spool.add(last, all.get(i));
                spool.add(CaptionSpool.NONE, "another picture's " + "z".repeat(10_000));
            }
            long longest = spool.add(CaptionSpool.NONE, "€".repeat(1 << 18)); // one is larger than what is gathered
            long next = spool.add(longest, "after it");
            spool.sha256();
            assertThat(spool.captions(last)).isEqualTo(all);
            assertThat(spool.captions(next)).containsExactly("€".repeat(1 << 18), "after it");
        }
    }

    @Test
    void otherCaptionsOrderOrPicturesAreAnotherIdentity() throws Exception {
        String table = "image,caption\na.png,an ant\nb.png,a bee\n";
        String digest = digest(csv(table));
        assertThat(digest(csv(table))).isEqualTo(digest);
        assertThat(digest(csv("image,caption\na.png,an ant\nb.png,a fly\n"))).isNotEqualTo(digest);
        assertThat(digest(csv("image,caption\nb.png,a bee\na.png,an ant\n"))).isNotEqualTo(digest);
        Files.writeString(pictures.resolve("b.png"), "longer than it was before");
        assertThat(digest(csv(table))).isNotEqualTo(digest);
    }

    @Test
    void theSameCaptionsOfExchangedPicturesAreAnotherIdentity() throws Exception {
        String images =
                "{\"images\":[{\"id\":1,\"file_name\":\"a.png\"},{\"id\":2,\"file_name\":\"b.png\"}],\"annotations\":[";
        String given = "{\"image_id\":1,\"caption\":\"an ant\"},{\"image_id\":2,\"caption\":\"a bee\"}]}";
        String exchanged = "{\"image_id\":2,\"caption\":\"an ant\"},{\"image_id\":1,\"caption\":\"a bee\"}]}";
        assertThat(digest(json(images + given))).isNotEqualTo(digest(json(images + exchanged)));
    }

    private static String digest(Shard shard) {
        MessageDigest digest = Sha256.newDigest();
        shard.digest(digest);
        return Sha256.hex(digest);
    }
}
