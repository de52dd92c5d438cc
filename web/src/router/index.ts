import type { RouteRecordRaw } from 'vue-router'
import { createRouter, createWebHistory } from 'vue-router'
import AppShell from '@/layout/AppShell.vue'
import AuthLayout from '@/layout/AuthLayout.vue'
import { guard } from './guard'

declare module 'vue-router' {
  interface RouteMeta {
    /** Message key of the page's title. */
    title?: string
    /** Who may see it: `user` needs a session, `admin` an administrator's, `guest` sends those who have one on. */
    access?: 'user' | 'admin' | 'guest'
  }
}

const authPages: RouteRecordRaw[] = [
  {
    path: '/login',
    name: 'login',
    component: () => import('@/features/auth/views/LoginView.vue'),
    meta: { title: 'auth.login.title', access: 'guest' },
  },
  {
    path: '/register',
    name: 'register',
    component: () => import('@/features/auth/views/RegisterView.vue'),
    meta: { title: 'auth.register.title', access: 'guest' },
  },
  {
    path: '/auth/check-inbox',
    name: 'check-inbox',
    component: () => import('@/features/auth/views/CheckInboxView.vue'),
    meta: { title: 'auth.inbox.title' },
  },
  {
    path: '/auth/confirm',
    name: 'confirm',
    component: () => import('@/features/auth/views/ConfirmView.vue'),
    meta: { title: 'auth.confirm.title' },
  },
  {
    path: '/auth/forgot-password',
    name: 'forgot-password',
    component: () => import('@/features/auth/views/ForgotPasswordView.vue'),
    meta: { title: 'auth.forgot.title' },
  },
  {
    path: '/auth/reset-password',
    name: 'reset-password',
    component: () => import('@/features/auth/views/ResetPasswordView.vue'),
    meta: { title: 'auth.reset.title' },
  },
  {
    path: '/auth/callback',
    name: 'callback',
    component: () => import('@/features/auth/views/SupabaseCallbackView.vue'),
    meta: { title: 'auth.callback.title' },
  },
]

const thirdPartyPages: RouteRecordRaw[] = [
  {
    path: '/auth/:source/callback',
    name: 'source-callback',
    component: () => import('@/features/thirdparty/views/SourceCallbackView.vue'),
    meta: { title: 'thirdparty.title' },
  },
]

const appPages: RouteRecordRaw[] = [
  {
    path: '/',
    name: 'home',
    component: () => import('@/features/home/views/HomeView.vue'),
    meta: { title: 'home.title', access: 'user' },
  },
  {
    path: '/ai/jwt',
    name: 'jwt-test',
    component: () => import('@/features/ai/views/JwtTestView.vue'),
    meta: { title: 'ai.title', access: 'user' },
  },
  {
    path: '/profile',
    name: 'profile',
    component: () => import('@/features/profile/views/ProfileView.vue'),
    meta: { title: 'profile.title', access: 'user' },
  },
  {
    path: '/profile/security',
    name: 'security',
    component: () => import('@/features/security/views/SecurityView.vue'),
    meta: { title: 'security.title', access: 'user' },
  },
  {
    path: '/admin',
    component: () => import('@/features/admin/views/AdminLayout.vue'),
    redirect: { name: 'admin-users' },
    children: [
      {
        path: 'users',
        name: 'admin-users',
        component: () => import('@/features/admin/views/UsersView.vue'),
        meta: { title: 'admin.users.title', access: 'admin' },
      },
      {
        path: 'users/:id',
        name: 'admin-user',
        component: () => import('@/features/admin/views/UserView.vue'),
        props: true,
        meta: { title: 'admin.user.title', access: 'admin' },
      },
      {
        path: 'sources',
        name: 'admin-sources',
        component: () => import('@/features/admin/views/SourcesView.vue'),
        meta: { title: 'admin.sources.title', access: 'admin' },
      },
    ],
  },
  {
    path: '/docs/api',
    name: 'api-docs',
    component: () => import('@/features/docs/views/ApiDocsView.vue'),
    meta: { title: 'docs.title' },
  },
  {
    path: '/:pathMatch(.*)*',
    name: 'not-found',
    component: () => import('@/layout/NotFoundView.vue'),
    meta: { title: 'common.notFound.title' },
  },
]

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    {
      path: '/auth',
      component: AuthLayout,
      redirect: { name: 'login' },
      children: [
        ...authPages,
        ...thirdPartyPages,
      ],
    },
    { path: '/', component: AppShell, children: appPages },
  ],
  scrollBehavior(to, _from, saved) {
    if (to.hash)
      return { el: to.hash, top: 80 }
    return saved ?? { top: 0 }
  },
})

router.beforeEach(guard)
