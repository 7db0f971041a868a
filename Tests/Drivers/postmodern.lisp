;; cl-postgres (Postmodern) speaks the protocol itself: Parse and Flush without Sync, statements by name.
(require :asdf)
(load "/usr/share/common-lisp/source/common-lisp-controller/common-lisp-controller.lisp" :if-does-not-exist nil)
(handler-bind ((warning #'muffle-warning))
  (let ((*standard-output* (make-broadcast-stream)) (*error-output* (make-broadcast-stream)))
    (asdf:load-system :cl-postgres)))

(defun expect (what got wanted)
  (unless (equalp got wanted) (error "~a: ~s instead of ~s" what got wanted)))

(defun port () (parse-integer (uiop:getenv "PGPORT")))
(defun connect (&key (port (port)) (password ""))
  (cl-postgres:open-database "app" "app" password (uiop:getenv "PGHOST") port))
(defun run (client sql &rest parameters)
  (cl-postgres:prepare-query client "" sql)
  (caar (cl-postgres:exec-prepared client "" parameters 'cl-postgres:list-row-reader)))
(defun state (thunk)
  (handler-case (progn (funcall thunk) "none")
    (cl-postgres:database-error (failure) (cl-postgres:database-error-code failure))))

(handler-case
    (let ((clients (loop repeat 4 collect (connect))))
      (loop for round below 3 do
        ;; A Parse that no Sync follows keeps its server until something does.
        (loop for client in clients for index from 0
              do (cl-postgres:prepare-query client "s" (format nil "select $1::int + ~a" index))
                 (expect "first" (caar (cl-postgres:exec-prepared client "s" '(1) 'cl-postgres:list-row-reader)) (1+ index)))
        (loop for number below 3 do
          (loop for client in clients for index from 0
                do (expect "named" (caar (cl-postgres:exec-prepared client "s" (list number) 'cl-postgres:list-row-reader))
                           (+ number index))))
        (dolist (client clients)
          (cl-postgres:unprepare-query client "s")
          (cl-postgres:exec-query client "")))
      (dolist (client clients)
        (loop repeat 2 do
          (expect "SQLSTATE" (state (lambda () (run client "select 1 / $1::int" 0))) "22012")
          (expect "quotient" (run client "select 1 / $1::int" 1) 1)))
      (loop for client in clients for index from 0
            do (cl-postgres:prepare-query client "" (format nil "select ~a, $1::int" index))
               (expect "unnamed" (car (cl-postgres:exec-prepared client "" '(5) 'cl-postgres:list-row-reader)) (list index 5)))
      (cl-postgres:exec-query (first clients) "set session characteristics as transaction read only")
      (dolist (client (rest clients))
        (expect "another's" (caar (cl-postgres:exec-query client "show transaction_read_only" 'cl-postgres:list-row-reader)) "off"))
      (expect "wrong password" (state (lambda () (connect :port (parse-integer (uiop:getenv "PASSWORD_PORT")) :password "wrong"))) "28P01")
      (dolist (client clients) (cl-postgres:close-database client)))
  (error (failure) (format *error-output* "~a~%" failure) (sb-ext:exit :code 1)))
(sb-ext:exit :code 0)
