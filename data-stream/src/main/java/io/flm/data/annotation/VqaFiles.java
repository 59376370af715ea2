package io.flm.data.annotation;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.data.UserException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Questions and annotations in the form of VQA v2 (Goyal et al. 2017, visualqa.org): {@code {"questions": [{"question_id",
 * "image_id", "question"}]}} and {@code {"annotations": [{"question_id", "image_id", "question_type", "answer_type", "answers":
 * [{"answer"}]}]}}. An {@code image_id} is a key, or a number: {@link AnnotatedExamples} says which keys a number may have.
 */
public final class VqaFiles {
    private static final int MOST_ANSWERS = 1000; // to a question

    private static final Map<String, Set<String>> LISTS = Map.of(
            "questions", Set.of("question_id", "image_id", "question"),
            "annotations", Set.of("question_id", "image_id", "question_type", "answer_type", "answers"));

    private final Map<String, Asked> questions = new LinkedHashMap<>();
    private final Map<String, Answered> annotations = new LinkedHashMap<>();
    private final Map<String, String> same = new HashMap<>(); // few answers and types, each given often

    private record Asked(String picture, String question) {}

    private record Answered(String picture, String questionType, String answerType, List<String> answers) {}

    private VqaFiles() {}

    /**
     * Reads questions, and the annotations of all of them or of none.
     *
     * @param files of either, in any order; which one a file is shows in its content
     * @return in the order of the questions
     * @throws UserException where one has no annotation while others have, an annotation no question, or an id is there twice
     */
    public static List<VqaQuestion> read(List<Path> files) {
        VqaFiles read = new VqaFiles();
        files.forEach(file -> AnnotationFile.lists(file, LISTS, read::add));
        return read.joined(files.stream().map(Path::toString).collect(Collectors.joining(", ")));
    }

    private void add(String list, JsonNode entry, String where) {
        String id = AnnotationFile.id(entry, "question_id", where);
        String picture = AnnotationFile.id(entry, "image_id", where);
        Object before = list.equals("questions")
                ? questions.put(id, new Asked(picture, AnnotationFile.text(entry, "question", where)))
                : annotations.put(
                        id,
                        new Answered(
                                picture,
                                one(AnnotationFile.textOrNone(entry, "question_type")),
                                one(AnnotationFile.textOrNone(entry, "answer_type")),
                                answers(entry, where)));
        if (before != null) {
            throw new UserException(where + ": question_id " + AnnotationFile.shown(id) + " is there twice among "
                    + list + "; leave one of them out");
        }
    }

    private List<String> answers(JsonNode entry, String where) {
        JsonNode list = entry.path("answers");
        if (!list.isArray() || list.isEmpty() || list.size() > MOST_ANSWERS) {
            throw AnnotationFile.lacks(entry, "answers", "a list of 1 to " + MOST_ANSWERS + " answers", where);
        }
        List<String> answers = new ArrayList<>(list.size());
        for (JsonNode each : list) {
            answers.add(one(each.isTextual() ? each.textValue() : AnnotationFile.text(each, "answer", where)));
        }
        return answers;
    }

    private String one(String text) {
        String kept = same.putIfAbsent(text, text);
        return kept == null ? text : kept;
    }

    private List<VqaQuestion> joined(String files) {
        if (questions.isEmpty()) {
            throw new UserException(files + ": no question; give the file of the questions, too");
        }
        String without = all(questions, annotations);
        if (!annotations.isEmpty() && !without.isEmpty()) {
            throw new UserException(files + ": questions without an annotation: " + without
                    + "; give the annotations of these questions, or none");
        }
        String unasked = all(annotations, questions);
        if (!unasked.isEmpty()) {
            throw new UserException(files + ": annotations without a question: " + unasked
                    + "; give the questions of these annotations");
        }
        List<VqaQuestion> joined = new ArrayList<>(questions.size());
        questions.forEach((id, asked) -> joined.add(question(files, id, asked, annotations.get(id))));
        return List.copyOf(joined);
    }

    private static VqaQuestion question(String files, String id, Asked asked, @Nullable Answered answered) {
        if (answered == null) {
            return new VqaQuestion(id, asked.picture(), asked.question(), "", "", List.of());
        }
        if (!answered.picture().equals(asked.picture())) {
            throw new UserException(files + ": question_id " + AnnotationFile.shown(id) + " is about image_id "
                    + AnnotationFile.shown(asked.picture()) + ", its annotation about "
                    + AnnotationFile.shown(answered.picture()) + "; give files that belong together");
        }
        return new VqaQuestion(
                id,
                asked.picture(),
                asked.question(),
                answered.questionType(),
                answered.answerType(),
                answered.answers());
    }

    /** How many keys only the first has, and the first of them; empty: none. */
    private static String all(Map<String, ?> of, Map<String, ?> others) {
        List<String> alone =
                of.keySet().stream().filter(id -> !others.containsKey(id)).toList();
        return alone.isEmpty()
                ? ""
                : alone.size() + " of " + of.size() + ", the first question_id " + AnnotationFile.shown(alone.get(0));
    }
}
