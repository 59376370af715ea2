package io.flm.worker.task.vqa;

import io.flm.data.Examples;
import io.flm.data.PictureSource;
import io.flm.data.SampleException;
import io.flm.data.Sha256;
import io.flm.data.TextForm;
import io.flm.data.annotation.Annotated;
import io.flm.data.annotation.AnnotatedExamples;
import io.flm.data.annotation.VqaQuestion;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;

/** Questions whose scores are counted when they are asked for: of all questions and thousands of answers they would fill the heap. */
record VqaExamples(AnnotatedExamples asked, List<VqaQuestion> questions, AnswerScores scores, String sha256)
        implements Examples {

    static VqaExamples of(List<VqaQuestion> questions, PictureSource pictures, AnswerScores scores) {
        AnnotatedExamples asked = AnnotatedExamples.of(
                questions.stream()
                        .map(q -> new Annotated(q.id(), List.of(q.picture()), List.of(q.question()), new float[0]))
                        .toList(),
                pictures,
                TextForm.AS_IT_IS);
        MessageDigest digest = Sha256.newDigest();
        digest.update(asked.sha256().getBytes(StandardCharsets.US_ASCII));
        questions.forEach(q -> digest.update((q.answers() + "\n").getBytes(StandardCharsets.UTF_8)));
        return new VqaExamples(asked, List.copyOf(questions), scores, Sha256.hex(digest));
    }

    @Override
    public long size() {
        return questions.size();
    }

    @Override
    public String name(long index) {
        return "question " + asked.name(index);
    }

    @Override
    public long[] pictures(long index) {
        return asked.pictures(index);
    }

    @Override
    public List<String> texts(long index) throws SampleException, IOException {
        return asked.texts(index);
    }

    @Override
    public float[] labels(long index) {
        VqaQuestion question = questions.get(Math.toIntExact(index));
        return question.answers().isEmpty() ? new float[0] : scores.of(question);
    }

    @Override
    public TextForm textForm() {
        return asked.textForm();
    }
}
