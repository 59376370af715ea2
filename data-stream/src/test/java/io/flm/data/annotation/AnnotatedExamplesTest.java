package io.flm.data.annotation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.Dataset;
import io.flm.data.PictureSource;
import io.flm.data.SampleException;
import io.flm.data.SharedPictures;
import io.flm.data.TextForm;
import io.flm.data.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnnotatedExamplesTest {
    private static final Path EMOJI = VqaFilesTest.EMOJI;

    @TempDir
    private Path folder = Path.of("");

    private PictureSource pictures(String... names) throws IOException {
        for (String name : names) {
            Path file = folder.resolve(name);
            Files.createDirectories(file.getParent());
            Files.write(file, new byte[] {1, 2, 3});
        }
        return PictureSource.open(List.of(folder));
    }

    private static Annotated example(String id, String... keys) {
        return new Annotated(id, List.of(keys), List.of("a text"), new float[] {1});
    }

    @Test
    void everyPictureOfTheEmojiTasksIsThere() throws Exception {
        try (PictureSource train = PictureSource.open(
                        List.of(EMOJI.resolve("emoji-noto.tar.gz"), EMOJI.resolve("emoji-twemoji.tar.gz")));
                PictureSource held = PictureSource.open(List.of(EMOJI.resolve("emoji-fluent.tar.gz")))) {
            List<Annotated> questions = VqaFilesTest.read("train").stream()
                    .map(q -> new Annotated(q.id(), List.of(q.picture()), List.of(q.question()), new float[0]))
                    .toList();
            AnnotatedExamples asked = AnnotatedExamples.of(questions, train, TextForm.AS_IT_IS);
            assertThat(asked.size()).isEqualTo(6000);
            assertThat(train.key(asked.pictures(0)[0])).isEqualTo("noto/1f4c4");
            assertThat(asked.texts(0)).containsExactly("what kind of thing is this?");
            List<Annotated> pairs = StatementFiles.nlvr2(List.of(EMOJI.resolve("nlvr2-dev.json.gz"))).all().stream()
                    .map(Statement::annotated)
                    .toList();
            AnnotatedExamples compared = AnnotatedExamples.of(pairs, held, TextForm.AS_IT_IS);
            assertThat(held.key(compared.pictures(0)[1])).isEqualTo("fluent/1f3bb");
            assertThat(SharedPictures.of(asked, train, compared, held).sentence())
                    .isEmpty();
            assertThatThrownBy(() -> AnnotatedExamples.of(pairs, train, TextForm.AS_IT_IS))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("1,000 of 1,000 examples have pictures that are not there: dev-383-0-0"
                            + " (fluent/1f9d7-1f3fe and fluent/1f3bb), ");
        }
    }

    @Test
    void everyPictureOfNlvrIsThereAndTrueSentencesAreCaptions() {
        Path nlvr = Path.of("nlvr").toAbsolutePath();
        for (String split : List.of("dev", "test")) {
            Path shard = nlvr.resolve("nlvr-" + split + ".tar.gz");
            List<Statement> all = StatementFiles.nlvr(List.of(nlvr.resolve("nlvr-" + split + ".json.gz")), 6)
                    .all();
            try (PictureSource source = PictureSource.open(List.of(shard));
                    Dataset captioned = Dataset.open(List.of(shard))) {
                AnnotatedExamples examples = AnnotatedExamples.of(
                        all.stream().map(Statement::annotated).toList(), source, TextForm.AS_IT_IS);
                assertThat(examples.size()).isEqualTo(source.size()).isEqualTo(all.size());
                assertThat(captioned.size())
                        .isEqualTo(all.stream().mapToInt(Statement::label).sum());
                for (Statement statement : all) {
                    assertThat(captioned.find(statement.id()).isPresent()).isEqualTo(statement.label() == 1);
                }
            }
        }
    }

    @Test
    void missingPicturesAreAllCountedAndTheFirstAreNamed() throws IOException {
        List<Annotated> all = Stream.of(
                        example("dev-1-0-0", "a", "b"),
                        example("dev-2-0-0", "a", "gone"),
                        example("3", "x\ny"),
                        example("4", "c"),
                        example("5", "d"))
                .toList();
        try (PictureSource source = pictures("a.png", "b.png")) {
            assertThatThrownBy(() -> AnnotatedExamples.of(all, source, TextForm.AS_IT_IS))
                    .isInstanceOf(UserException.class)
                    .hasMessage(
                            "4 of 5 examples have pictures that are not there: dev-2-0-0 (gone), 3 (x y), 4 (c), ...;"
                                    + " give the tar files or folders that hold them (there are 2 pictures, such as "
                                    + source.name(0) + ")");
            assertThatThrownBy(() -> AnnotatedExamples.of(List.of(), source, TextForm.AS_IT_IS))
                    .isInstanceOf(UserException.class);
        }
    }

    @Test
    void aNumberIsAKeyAsCocoNamesItsPictures() throws IOException {
        try (PictureSource source = pictures(
                "train2014/COCO_train2014_000000123456.jpg",
                "val/COCO_val2014_000000000042.jpg",
                "000000000007.jpg",
                "8.jpg")) {
            AnnotatedExamples found = AnnotatedExamples.of(
                    List.of(example("a", "123456"), example("b", "42"), example("c", "7"), example("d", "8")),
                    source,
                    TextForm.AS_IT_IS);
            assertThat(source.key(found.pictures(0)[0])).isEqualTo("train2014/COCO_train2014_000000123456");
            assertThat(source.key(found.pictures(1)[0])).isEqualTo("val/COCO_val2014_000000000042");
            assertThat(source.key(found.pictures(2)[0])).isEqualTo("000000000007");
            assertThat(source.key(found.pictures(3)[0])).isEqualTo("8");
        }
    }

    @Test
    void theHashIsOfAllThatDecidesSamples() throws IOException {
        try (PictureSource source = pictures("a.png", "b.png")) {
            List<Annotated> variants = List.of(
                    new Annotated("1", List.of("a"), List.of("x", "y"), new float[] {1}),
                    new Annotated("2", List.of("a"), List.of("x", "y"), new float[] {1}),
                    new Annotated("1", List.of("b"), List.of("x", "y"), new float[] {1}),
                    new Annotated("1", List.of("a"), List.of("xy"), new float[] {1}),
                    new Annotated("1", List.of("a"), List.of("x", "y"), new float[] {0}),
                    new Annotated("1", List.of("a"), List.of("x", "y"), new float[] {}));
            assertThat(variants)
                    .extracting(one -> AnnotatedExamples.of(List.of(one), source, TextForm.AS_IT_IS)
                            .sha256())
                    .doesNotHaveDuplicates();
            assertThat(AnnotatedExamples.of(variants, source, TextForm.CAPTION).sha256())
                    .isNotEqualTo(AnnotatedExamples.of(variants, source, TextForm.AS_IT_IS)
                            .sha256());
            assertThat(AnnotatedExamples.of(List.copyOf(variants), source, TextForm.CAPTION)
                            .sha256())
                    .isEqualTo(AnnotatedExamples.of(variants, source, TextForm.CAPTION)
                            .sha256());
        }
    }

    @Test
    void aTextThatCannotBeReadMakesABadSampleNotABadFile() throws Exception {
        try (PictureSource source = pictures("a.png")) {
            List<Annotated> all = List.of(
                    new Annotated("1", List.of("a"), List.of(" . ", "fish"), new float[0]),
                    new Annotated("2", List.of("a"), List.of(" "), new float[0]),
                    new Annotated("3", List.of("a"), List.of("a\ud800b"), new float[0]),
                    new Annotated("4", List.of("a"), List.of(), new float[0]));
            AnnotatedExamples examples = AnnotatedExamples.of(all, source, TextForm.AS_IT_IS);
            assertThat(examples.texts(0)).containsExactly("fish");
            assertThatThrownBy(() -> examples.texts(1))
                    .isInstanceOf(SampleException.class)
                    .hasMessage("2: the text is empty");
            assertThatThrownBy(() -> examples.texts(2)).hasMessageContaining("3: the caption holds half of a pair");
            assertThatThrownBy(() -> examples.texts(3)).hasMessage("4: it has no text");
        }
    }
}
