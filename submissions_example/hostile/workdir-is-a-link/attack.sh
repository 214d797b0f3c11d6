. /attack/answers.sh
must_not_read "../../../../../../..$SECRET_FILE"
